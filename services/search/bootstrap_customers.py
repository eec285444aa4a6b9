"""Filling the projection from the customers service's feed, while live events flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import httpx2
import stamina
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.bootstrap import Fetch, bootstrap, forget_bootstrap
from servicekit.db.database import Database
from servicekit.feed import FeedItem, FeedPage
from services.search import projection, publishers, queries
from services.search.inbound.customer import customer_told
from services.search.projection import CustomerErased

SOURCE = "customers"
PAGE = 1_000
_FEED = "/internal/feed/customers"
_ATTEMPTS = 8


def bootstrap_customers(
    fetch: Fetch, app: Database, *, afresh: bool = False, progress: Callable[[int], None] = lambda _items: None
) -> int:
    """Take every customer of every publisher in; how many there were. Goes on where it was interrupted.

    ``afresh``: believe the owner where it says less, or something else, than was told before, too; and forget what
    it doesn't know. The queue must have been declared before: what changes after its page was read comes as an event.
    """
    if not afresh:
        return bootstrap(SOURCE, fetch, apply_customers, app, progress=progress)
    for publisher_id, customers in _everybody(app):
        with app.transaction(publisher_id) as session:
            projection.doubt_customers(session, publisher_id=publisher_id, customers=customers)
    with app.transaction() as session:
        forget_bootstrap(session, SOURCE)
    count = bootstrap(SOURCE, fetch, apply_customers, app, progress=progress)
    for publisher_id, customers in _everybody(app):
        with app.transaction(publisher_id) as session:
            projection.empty_doubted(session, publisher_id=publisher_id, customers=customers)
    return count


def _everybody(app: Database) -> Iterator[tuple[str, list[str]]]:
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


def over_http(client: httpx2.Client) -> Fetch:
    """The feed's pages by ``client``, whose base address is the customers service's and which presents our token.

    A page that can't be had is asked for again for about a minute; then raises httpx2.HTTPError.
    """

    @stamina.retry(on=_may_pass, attempts=_ATTEMPTS, wait_initial=0.2, wait_max=15.0, timeout=90.0)
    def fetch(cursor: str | None) -> FeedPage:
        parameters: dict[str, str] = {"limit": str(PAGE), **({"cursor": cursor} if cursor is not None else {})}
        response = client.get(_FEED, params=parameters)
        response.raise_for_status()
        return FeedPage.from_json(response.content)

    return fetch


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


def _may_pass(error: Exception) -> bool:
    if isinstance(error, httpx2.HTTPStatusError):
        return error.response.status_code >= 500 or error.response.status_code == 429
    return isinstance(error, httpx2.TransportError)
