"""What this service does about others' events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus_client import Histogram
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.events import Event
from servicekit.subscriptions import Erasure, State, Subscriptions
from services.search import projection
from services.search.sections import CUSTOMER, SUMMARY, Section

_seconds = Histogram(
    "search_projection_lag_seconds",
    "From an event's time to when the projection takes it in; of each batch the oldest.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)


def project(session: Session, events: Sequence[Event]) -> None:
    """Take in the sections of one publisher's customers, of all producers together: rows are locked in one order.

    Raises UnreadableState.
    """
    told = [_SECTIONS[event.type].read(event.subject, event.aggregate_version, event.data) for event in events]
    projection.project_customers(session, publisher_id=events[0].publisher_id, told=told)
    _seconds.observe((clock.now() - min(event.time for event in events)).total_seconds())


def erase_customer(session: Session, event: Event) -> None:
    """Forget a customer who was anonymized. That it is done is told when the index has forgotten too."""
    erased = projection.CustomerErased(event.subject, event.aggregate_version, event.time)
    projection.erase_customers(session, publisher_id=event.publisher_id, erased=[erased])


QUEUE = "search"
_SECTIONS: Mapping[str, Section] = {
    "customers.customer.created.v1": CUSTOMER,
    "customers.customer.edited.v1": CUSTOMER,
    "customers.customer.logged_in.v1": CUSTOMER,
    "notes.summary.changed.v1": SUMMARY,
}
SUBSCRIPTIONS: Subscriptions = {
    **dict.fromkeys(_SECTIONS, State(project)),
    "customers.customer.anonymized.v1": Erasure(erase_customer),
}
