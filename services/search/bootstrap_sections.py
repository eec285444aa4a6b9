"""Filling a section of the projection from its producer's feed, while live events flow: what others tell of customers,
beside the customers service's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy.orm import Session

from servicekit.bootstrap import Apply, Fetch, bootstrap, forget_bootstrap
from servicekit.db.database import Database
from servicekit.feed import FeedItem
from servicekit.feed_client import PAGE
from services.search import projection, publishers, queries
from services.search.sections import Section


def bootstrap_section(
    section: Section,
    fetch: Fetch,
    app: Database,
    *,
    afresh: bool = False,
    progress: Callable[[int], None] = lambda _items: None,
) -> int:
    """Take in what the producer of ``section`` has of every customer of every publisher; how many items it had.

    ``afresh``: believe it where it says less, or something else, than was told before, and forget what it doesn't know.
    The queue must have been declared before. Goes on where it was interrupted.
    """
    source, apply = f"section {section.name}", _applying(section)
    if not afresh:
        return bootstrap(source, fetch, apply, app, progress=progress)
    for publisher_id, customers in everybody(app):
        with app.transaction(publisher_id) as session:
            projection.doubt_customers(session, publisher_id=publisher_id, customers=customers, section=section)
    with app.transaction() as session:
        forget_bootstrap(session, source)
    count = bootstrap(source, fetch, apply, app, progress=progress)
    for publisher_id, customers in everybody(app):
        with app.transaction(publisher_id) as session:
            projection.empty_doubted(session, publisher_id=publisher_id, customers=customers, section=section)
    return count


def everybody(app: Database) -> Iterator[tuple[str, list[str]]]:
    """All customers of all publishers, a page of a publisher's IDs at a time."""
    with queries.reading(app) as connection:
        found = publishers.all_publishers(connection)
    for publisher_id in found:
        after = ""
        while True:
            with queries.reading(app) as connection:
                rows = queries.customers_after(connection, publisher_id, after, PAGE)
            if not rows:
                break
            yield publisher_id, [row.customer_id for row in rows]
            after = rows[-1].customer_id


def _applying(section: Section) -> Apply:
    def apply(session: Session, items: Sequence[FeedItem]) -> None:
        # Who is erased is the customers service's to say; its tombstone takes everything, this section too.
        told = [section.read(item.subject, item.version, item.data) for item in items if not item.deleted]
        projection.project_customers(session, publisher_id=items[0].publisher_id, told=told)

    return apply
