"""Filling billing's copy of the customers from the customers service's feed, while live events flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import httpx2
import stamina
from sqlalchemy.orm import Session

from servicekit.bootstrap import Fetch, bootstrap
from servicekit.db.database import Database
from servicekit.feed import FeedItem, FeedPage
from services.billing.actions.people import forget_customer, take_customers
from services.billing.inbound import customer_told

SOURCE = "customers"
PAGE = 1_000
_FEED = "/internal/feed/customers"


def bootstrap_customers(fetch: Fetch, app: Database, *, progress: Callable[[int], None] = lambda _items: None) -> int:
    """Take in every customer of every publisher; how many there were. Goes on where it was interrupted.

    The queue must have been declared before: what changes after its page was read comes as an event.
    """
    return bootstrap(SOURCE, fetch, _apply, app, progress=progress)


def over_http(client: httpx2.Client) -> Fetch:
    """The feed's pages by ``client``, whose base address is the customers service's and which presents our token.

    A page that can't be had is asked for again for about a minute; then raises httpx2.HTTPError.
    """

    @stamina.retry(on=httpx2.HTTPError, attempts=8, wait_initial=0.2, wait_max=15.0, timeout=90.0)
    def fetch(cursor: str | None) -> FeedPage:
        response = client.get(_FEED, params={"limit": str(PAGE), **({"cursor": cursor} if cursor else {})})
        response.raise_for_status()
        return FeedPage.from_json(response.content)

    return fetch


def _apply(session: Session, items: Sequence[FeedItem]) -> None:
    publisher_id = items[0].publisher_id
    told = [customer_told(item.subject, item.version, item.data) for item in items if not item.deleted]
    take_customers(session, publisher_id=publisher_id, told=told)
    for item in items:
        if item.deleted:
            forget_customer(session, publisher_id=publisher_id, customer_id=item.subject, version=item.version)
