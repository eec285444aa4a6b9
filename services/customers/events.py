"""What this service publishes. Every event carries the customer's full public state after the change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import fields
from sqlalchemy.orm import Session

from servicekit import outbox
from servicekit.db.direct import Statement
from servicekit.events import Event, EventType
from servicekit.ids import new_id
from servicekit.web.describing import described
from services.customers.views import CustomerRow, CustomerState, LoginView, customer_state

SOURCE = "/customers"


class CustomerCreatedData(CustomerState):
    """A customer, and whether an import brought them: then nobody greets them."""

    imported = fields.Boolean(required=True, metadata=described("Whether an import brought them.", False))


class CustomerLoggedInData(CustomerState):
    """A customer, and the login that this event tells of."""

    login = fields.Nested(LoginView, required=True)


CREATED = EventType("customers.customer.created.v1", CustomerCreatedData, "A customer was created.")
EDITED = EventType("customers.customer.edited.v1", CustomerState, "A customer's data changed.")
LOGGED_IN = EventType("customers.customer.logged_in.v1", CustomerLoggedInData, "A customer logged in.")
ANONYMIZED = EventType(
    "customers.customer.anonymized.v1", CustomerState, "A customer was anonymized: erase everything personal."
)
PUBLISHED = (CREATED, EDITED, LOGGED_IN, ANONYMIZED)


def publish(
    session: Session, kind: EventType, customer: CustomerRow, *, now: datetime, extra: dict[str, Any] | None = None
) -> None:
    """Publish the customer's present state as an event of this kind."""
    outbox.publish(session, event_of(kind, customer, now=now, extra=extra))


def publication(
    kind: EventType, customer: CustomerRow, *, now: datetime, extra: dict[str, Any] | None = None
) -> Statement:
    """What ``publish`` does, as a statement to be sent with others."""
    return outbox.publication(event_of(kind, customer, now=now, extra=extra))


def event_of(kind: EventType, customer: CustomerRow, *, now: datetime, extra: dict[str, Any] | None = None) -> Event:
    """An event of this kind that tells of the customer's present state."""
    return Event(
        id=new_id("evt"),
        type=kind.name,
        source=SOURCE,
        subject=customer.id,
        time=now,
        publisher_id=customer.publisher_id,
        aggregate_version=customer.version,
        datasubject=customer.id,
        data={**customer_state(customer), **(extra or {})},
    )
