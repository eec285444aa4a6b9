"""What there was before this service: customers from their owner's feed, and what mails go by from billing's feeds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.bootstrap import Source
from servicekit.feed import FeedItem
from servicekit.screening import note_erased
from services.notifications.erasure import begin_erasure
from services.notifications.inbound import person_told
from services.notifications.mailing import complete_waiting
from services.notifications.people import recipient, take_in
from services.notifications.reminding import take_in_thing
from services.notifications.settings import MailDefaults
from services.notifications.things import Told

# Subscriptions after what pays for them: announcements of renewals name it.
_OF_BILLING = ("payment_methods", "subscriptions", "transactions")


def sources(defaults: MailDefaults) -> tuple[Source, ...]:
    """The feeds to start from, in their order. Nobody is greeted, and nothing is written about what was before."""
    customers = partial(apply_customers, defaults=defaults)
    return (
        Source(name="customers", owner="customers", path="/internal/feed/customers", apply=customers),
        *(
            Source(name=noun, owner="billing", path=f"/internal/feed/{noun}", apply=apply_things)
            for noun in _OF_BILLING
        ),
    )


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


def apply_things(session: Session, items: Sequence[FeedItem]) -> None:
    """Take in one publisher's things of billing's, and plan what is to be written about them. Who is erased is the
    customers service's to say."""
    now = clock.now()
    for item in items:
        if item.datasubject is not None and not item.deleted:
            told = Told(
                publisher_id=item.publisher_id,
                thing_id=item.subject,
                customer_id=item.datasubject,
                version=item.version,
                at=now,
                state=item.data,
            )
            take_in_thing(session, told)
