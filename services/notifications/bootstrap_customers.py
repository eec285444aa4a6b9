"""Filling the copy of customers from the customers service's feed, while live events flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import httpx2
import stamina
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.bootstrap import Fetch, bootstrap
from servicekit.db.database import Database
from servicekit.feed import FeedItem, FeedPage
from services.notifications.erasure import begin_erasure
from services.notifications.inbound import person_told
from services.notifications.mailing import complete_waiting
from services.notifications.people import recipient, take_in
from services.notifications.settings import MailDefaults

SOURCE = "customers"
PAGE = 1_000
_FEED = "/internal/feed/customers"
_ATTEMPTS = 8


def bootstrap_customers(
    fetch: Fetch,
    app: Database,
    *,
    defaults: MailDefaults,
    progress: Callable[[int], None] = lambda _items: None,
) -> int:
    """Take every customer of every publisher in; how many there were. Goes on where it was interrupted.

    Nobody is greeted: they were there before. The queue must have been declared: what changes after its page was read
    comes as an event.
    """
    return bootstrap(SOURCE, fetch, partial(apply_customers, defaults=defaults), app, progress=progress)


def apply_customers(session: Session, items: Sequence[FeedItem], *, defaults: MailDefaults) -> None:
    """Take in one publisher's customers; tombstones erase, and are confirmed like any erasure."""
    publisher_id = items[0].publisher_id
    told = [person_told(item.subject, item.version, item.data) for item in items if not item.deleted]
    for customer_id in take_in(session, publisher_id=publisher_id, told=told):
        person = recipient(session, publisher_id, customer_id)
        if person is not None:
            complete_waiting(session, person, defaults=defaults, now=clock.now())
    for item in items:
        if item.deleted:
            begin_erasure(
                session,
                publisher_id=publisher_id,
                customer_id=item.subject,
                version=item.version,
                event_id=f"erasure/{item.subject}",
                defaults=defaults,
                now=clock.now(),
            )


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


def _may_pass(error: Exception) -> bool:
    if isinstance(error, httpx2.HTTPStatusError):
        return error.response.status_code >= 500 or error.response.status_code == 429
    return isinstance(error, httpx2.TransportError)
