"""Filling billing's copy of the customers from the customers service's feed, while live events flow."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from servicekit.bootstrap import Source
from servicekit.feed import FeedItem
from services.billing.actions.people import forget_customer, take_customers
from services.billing.inbound import customer_told


def apply_customers(session: Session, items: Sequence[FeedItem]) -> None:
    """Take in one publisher's customers; tombstones erase, and are confirmed like any erasure."""
    publisher_id = items[0].publisher_id
    told = [customer_told(item.subject, item.version, item.data) for item in items if not item.deleted]
    take_customers(session, publisher_id=publisher_id, told=told)
    for item in items:
        if item.deleted:
            forget_customer(session, publisher_id=publisher_id, customer_id=item.subject, version=item.version)


SOURCES = (Source(name="customers", owner="customers", path="/internal/feed/customers", apply=apply_customers),)
