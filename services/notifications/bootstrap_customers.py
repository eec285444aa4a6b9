"""Filling the copy of customers from the customers service's feed, while live events flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.bootstrap import Fetch, bootstrap
from servicekit.db.database import Database
from servicekit.feed import FeedItem
from servicekit.screening import note_erased
from services.notifications.erasure import begin_erasure
from services.notifications.inbound import person_told
from services.notifications.mailing import complete_waiting
from services.notifications.people import recipient, take_in
from services.notifications.settings import MailDefaults

SOURCE = "customers"
FEED = "/internal/feed/customers"


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
            note_erased(session, publisher_id, item.subject)
            begin_erasure(
                session,
                publisher_id=publisher_id,
                customer_id=item.subject,
                version=item.version,
                event_id=f"erasure/{item.subject}",
                defaults=defaults,
                now=clock.now(),
            )
