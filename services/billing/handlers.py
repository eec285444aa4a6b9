"""What this service does about others' events."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from servicekit.events import Event
from servicekit.subscriptions import Erasure, State, Subscriptions
from services.billing.actions.people import take_customers
from services.billing.erasure import erase_customer
from services.billing.inbound import customer_told


def know_customers(session: Session, events: Sequence[Event]) -> None:
    """Keep the copy of one publisher's customers current. Raises UnreadableState."""
    told = [customer_told(event.subject, event.aggregate_version, event.data) for event in events]
    take_customers(session, publisher_id=events[0].publisher_id, told=told)


def forget(session: Session, event: Event) -> None:
    """A customer was anonymized."""
    erase_customer(
        session,
        publisher_id=event.publisher_id,
        customer_id=event.datasubject or event.subject,
        version=event.aggregate_version,
        now=event.time,
    )


QUEUE = "billing"
SUBSCRIPTIONS: Subscriptions = {
    "customers.customer.created.v1": State(know_customers),
    "customers.customer.edited.v1": State(know_customers),
    "customers.customer.logged_in.v1": State(know_customers),
    "customers.customer.anonymized.v1": Erasure(forget),
}
