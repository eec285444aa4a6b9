"""Intending something at a payment provider: recorded in the caller's transaction, carried out after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.billing.models.operations import OPEN, Operation
from services.billing.providers.orders import Order, as_request, kind_of

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def intend(
    session: Session,
    *,
    publisher_id: str,
    customer_id: str,
    provider: str,
    subject_id: str,
    order: Callable[[str], Order],
    requested_by: str,
    now: datetime,
) -> Operation:
    """Record what a provider is to do. ``order`` makes it from its key, which is the operation's ID.

    The caller holds the customer's account. ``subject_id`` is what the outcome is about: a transaction, a refund …
    """
    key = new_id("op")
    made = order(key)
    operation = Operation(
        id=key,
        publisher_id=publisher_id,
        customer_id=customer_id,
        kind=kind_of(made),
        subject_id=subject_id,
        provider=provider,
        request=as_request(made),
        status="pending",
        attempts=0,
        next_attempt_at=now,
        lease_until=_NEVER,
        fence=0,
        requested_by=requested_by,
        created_at=now,
    )
    session.add(operation)
    session.flush()
    return operation


def is_open(operation: Operation) -> bool:
    """Whether its outcome is not known yet."""
    return operation.status in OPEN
