"""Filling the projection from the customers service's feed, while live events flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.bootstrap import Fetch, bootstrap, forget_bootstrap
from servicekit.db.database import Database
from servicekit.feed import FeedItem
from services.search import projection
from services.search.bootstrap_sections import everybody
from services.search.inbound.customer import customer_told
from services.search.projection import CustomerErased

SOURCE = "customers"
FEED = "/internal/feed/customers"


def bootstrap_customers(
    fetch: Fetch, app: Database, *, afresh: bool = False, progress: Callable[[int], None] = lambda _items: None
) -> int:
    """Take every customer of every publisher in; how many there were. Goes on where it was interrupted.

    ``afresh``: believe the owner where it says less, or something else, than was told before, too; and forget what
    it doesn't know. The queue must have been declared before: what changes after its page was read comes as an event.
    """
    if not afresh:
        return bootstrap(SOURCE, fetch, apply_customers, app, progress=progress)
    for publisher_id, customers in everybody(app):
        with app.transaction(publisher_id) as session:
            projection.doubt_customers(session, publisher_id=publisher_id, customers=customers)
    with app.transaction() as session:
        forget_bootstrap(session, SOURCE)
    count = bootstrap(SOURCE, fetch, apply_customers, app, progress=progress)
    for publisher_id, customers in everybody(app):
        with app.transaction(publisher_id) as session:
            projection.empty_doubted(session, publisher_id=publisher_id, customers=customers)
    return count


def apply_customers(session: Session, items: Sequence[FeedItem]) -> None:
    """Take in one publisher's customers; tombstones erase, and are confirmed like any erasure."""
    publisher_id = items[0].publisher_id
    told = [customer_told(item.subject, item.version, item.data) for item in items if not item.deleted]
    projection.project_customers(session, publisher_id=publisher_id, told=told)
    erased = [CustomerErased(item.subject, item.version, _erased_at(item)) for item in items if item.deleted]
    projection.erase_customers(session, publisher_id=publisher_id, erased=erased)


def _erased_at(item: FeedItem) -> datetime:
    moment = item.data.get("anonymized_at")
    return datetime.fromisoformat(moment) if isinstance(moment, str) else clock.now()
