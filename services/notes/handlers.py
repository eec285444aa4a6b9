"""What this service does about others' events."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.events import Event
from servicekit.subscriptions import Erasure, State, Subscriptions
from services.notes import erasure, known
from services.notes.inbound import customer_told


def know_customers(session: Session, events: Sequence[Event]) -> None:
    """Know that these customers are there, and by what imports name them."""
    told = [customer_told(event.subject, event.aggregate_version, event.data) for event in events]
    known.project_customers(session, publisher_id=events[0].publisher_id, told=told)


def erase_notes(session: Session, event: Event) -> None:
    """Erase what notes say of a customer who was anonymized, and confirm it."""
    customer_id = event.datasubject or event.subject
    erasure.erase_customer(session, publisher_id=event.publisher_id, customer_id=customer_id, now=clock.now())


QUEUE = "notes"
SUBSCRIPTIONS: Subscriptions = {
    "customers.customer.created.v1": State(know_customers),
    "customers.customer.edited.v1": State(know_customers),
    "customers.customer.anonymized.v1": Erasure(erase_notes),
}
