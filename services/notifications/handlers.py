"""What this service does about others' events."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.events import Event
from servicekit.subscriptions import Effect, Effects, Erasure, State, Subscriptions
from services.notifications.calling import orders_of
from services.notifications.erasure import begin_erasure
from services.notifications.inbound import is_blanked, is_welcomed, person_told
from services.notifications.mailing import Order, complete_waiting, write_mail, write_mails
from services.notifications.people import recipient, take_in
from services.notifications.reminding import KEPT, take_in_thing
from services.notifications.settings import MailDefaults
from services.notifications.things import Told

QUEUE = "notifications"
_BILLING = (
    "transaction.succeeded", "transaction.failed", "transaction.refunded", "subscription.started",
    "subscription.imported", "subscription.renewed", "subscription.past_due", "subscription.cancelled",
    "subscription.resumed", "subscription.switched", "subscription.expired", "subscription.changed",
    "payment_method.attached", "payment_method.changed", "payment_method.detached", "access.expired", "invoice.issued",
)  # fmt: skip


def keep_customers(session: Session, events: Sequence[Event], *, defaults: MailDefaults) -> None:
    """Keep the newest state of one publisher's customers, and write what waited for them."""
    publisher_id = events[0].publisher_id
    told = [
        person_told(event.subject, event.aggregate_version, event.data)
        for event in events
        if not is_blanked(event.data)
    ]
    for customer_id in take_in(session, publisher_id=publisher_id, told=told):
        person = recipient(session, publisher_id, customer_id)
        if person is not None:
            complete_waiting(session, person, defaults=defaults, now=clock.now())


def welcome_customer(session: Session, event: Event, *, defaults: MailDefaults) -> None:
    """Keep a new customer, and greet them unless they come from elsewhere."""
    keep_customers(session, [event], defaults=defaults)
    if is_welcomed(event.data, event.time) and not is_blanked(event.data):
        order = Order("welcome", event.datasubject or event.subject, event.id)
        write_mail(session, order, publisher_id=event.publisher_id, defaults=defaults, now=clock.now())


def erase_customer(session: Session, event: Event, *, defaults: MailDefaults) -> None:
    """Write the last mail to a customer who was anonymized, and forget them."""
    begin_erasure(
        session,
        publisher_id=event.publisher_id,
        customer_id=event.datasubject or event.subject,
        version=event.aggregate_version,
        event_id=event.id,
        defaults=defaults,
        now=clock.now(),
    )


def follow_billing(session: Session, events: Sequence[Event], *, defaults: MailDefaults) -> None:
    """Write the mails that one publisher's things of billing's call for, keep their states, and plan what is to be
    written later."""
    orders = [order for event in events for order in _follow(session, event)]
    write_mails(session, orders, publisher_id=events[0].publisher_id, defaults=defaults, now=clock.now())


def _follow(session: Session, event: Event) -> list[Order]:
    """The mails that an event calls for, by what was known before it."""
    orders = orders_of(session, event)
    if event.datasubject is not None and event.subject.startswith(KEPT):
        told = Told(
            publisher_id=event.publisher_id,
            thing_id=event.subject,
            customer_id=event.datasubject,
            version=event.aggregate_version,
            at=event.time,
            state=event.data,
        )
        take_in_thing(session, told)
    return orders


def subscriptions(defaults: MailDefaults) -> Subscriptions:
    """What is done about each type of event, with what the operator has set for all mails."""
    kept, billing = (
        State(partial(keep_customers, defaults=defaults)),
        Effects(partial(follow_billing, defaults=defaults)),
    )
    return {
        "customers.customer.created.v1": Effect(partial(welcome_customer, defaults=defaults)),
        "customers.customer.edited.v1": kept,
        "customers.customer.logged_in.v1": kept,
        "customers.customer.anonymized.v1": Erasure(partial(erase_customer, defaults=defaults)),
        **{f"billing.{kind}.v1": billing for kind in _BILLING},
    }


SUBSCRIPTIONS: Subscriptions = subscriptions(MailDefaults())
