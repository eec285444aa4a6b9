"""Knowing the customers that were there before notes was: from the customers service's feed, while events flow."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.bootstrap import Source
from servicekit.feed import FeedItem
from services.notes import erasure, known
from services.notes.inbound import customer_told


def apply_customers(session: Session, items: Sequence[FeedItem]) -> None:
    """Take in one publisher's customers; tombstones erase, and are confirmed like any erasure."""
    publisher_id = items[0].publisher_id
    told = [customer_told(item.subject, item.version, item.data) for item in items if not item.deleted]
    known.project_customers(session, publisher_id=publisher_id, told=told)
    for item in sorted((item for item in items if item.deleted), key=lambda item: item.subject):
        erasure.erase_customer(session, publisher_id=publisher_id, customer_id=item.subject, now=clock.now())


SOURCES = (Source(name="customers", owner="customers", path="/internal/feed/customers", apply=apply_customers),)
