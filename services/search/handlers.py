"""What this service does about others' events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus_client import Histogram
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.events import Event
from servicekit.subscriptions import Erasure, State, Subscriptions
from services.search import projection
from services.search.inbound.reading import Told
from services.search.inbound.transaction import TransactionTold, transaction_told
from services.search.projected_transactions import project_transactions
from services.search.sections import ACCOUNT, CUSTOMER, SUMMARY, Section

_seconds = Histogram(
    "search_projection_lag_seconds",
    "From an event's time to when the projection takes it in; of each batch the oldest.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)


def project(session: Session, events: Sequence[Event]) -> None:
    """Take in one publisher's customers, of all producers together, and their transactions: locked in one order.

    Raises UnreadableState.
    """
    told, bought = list[Told](), list[TransactionTold]()
    for event in events:
        if event.type in _TRANSACTIONS:
            bought.append(transaction_told(event.subject, event.aggregate_version, event.data))
        else:
            told.append(_SECTIONS[event.type].read(event.subject, event.aggregate_version, event.data))
    projection.project_customers(session, publisher_id=events[0].publisher_id, told=told)
    project_transactions(session, publisher_id=events[0].publisher_id, told=bought)
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
    "billing.account.changed.v1": ACCOUNT,
    "billing.account.closed.v1": ACCOUNT,
    "notes.summary.changed.v1": SUMMARY,
}
_TRANSACTIONS = (
    "billing.transaction.created.v1",
    "billing.transaction.succeeded.v1",
    "billing.transaction.failed.v1",
    "billing.transaction.cancelled.v1",
    "billing.transaction.changed.v1",
    "billing.transaction.refund_requested.v1",
    "billing.transaction.refunded.v1",
    "billing.transaction.refund_failed.v1",
    "billing.transaction.imported.v1",
)
SUBSCRIPTIONS: Subscriptions = {
    **dict.fromkeys((*_SECTIONS, *_TRANSACTIONS), State(project)),
    "customers.customer.anonymized.v1": Erasure(erase_customer),
}
