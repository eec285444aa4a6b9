"""Calling off a payment that is pending: at once where the provider was never asked, else by its word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.dunning import payment_called_off
from services.billing.actions.stopping import stop_renewals
from services.billing.intents import intend
from services.billing.models.operations import CALLED_OFF, Operation
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.providers.orders import VoidOrder
from services.billing.queries.operations import operation_for
from services.billing.queries.refunds import may_be_charged


def call_off(
    session: Session, transaction: Transaction, *, data: Mapping[str, Any], requested_by: str, now: datetime
) -> Operation | None:
    """Call a pending transaction's charge off; what the provider is to do for it, if anything.

    The charge is not tried any more. One that is just being tried may still reach the provider until its lease runs
    out, so the order to call it off waits for that.
    """
    charge = operation_for(session, transaction.id, "charge")
    if charge is not None:
        session.refresh(charge, with_for_update=True)
        charge.status, charge.done_at, charge.last_problem = CALLED_OFF, now, None
    if charge is None or not may_be_charged(charge):
        cancelled(session, transaction, now=now)
        return None
    key = charge.id

    def order(void_key: str) -> VoidOrder:
        return VoidOrder(key=void_key, charge_reference=transaction.provider_reference, charge_key=key)

    void = intend(
        session,
        publisher_id=transaction.publisher_id,
        customer_id=transaction.customer_id,
        provider=transaction.provider,
        subject_id=transaction.id,
        order=order,
        requested_by=requested_by,
        now=now,
    )
    # Remembered with the order, for the refund that it becomes if it is too late.
    void.request = {**void.request, "why": data["reason"], "comment": data.get("comment")}
    void.next_attempt_at = max(now, charge.lease_until)
    transaction.version += 1
    events.publish_transaction(session, events.TRANSACTION_CHANGED, transaction, now=now)
    return void


def cancelled(session: Session, transaction: Transaction, *, now: datetime) -> None:
    """No money was taken, and none will be. A subscription whose renewal this was is not charged again.

    Doing it again changes nothing.
    """
    if transaction.status != "pending":
        return
    transaction.status, transaction.settled_at = "cancelled", now
    stop_what_it_was_for(session, transaction, now=now)
    transaction.version += 1
    events.publish_transaction(session, events.TRANSACTION_CANCELLED, transaction, now=now)


def stop_what_it_was_for(session: Session, transaction: Transaction, *, now: datetime) -> None:
    """A charge for a subscription was called off: a switch isn't made, a renewal isn't tried again either."""
    if transaction.kind not in ("renewal", "switch") or transaction.subscription_id is None:
        return
    subscription = session.get_one(
        Subscription, transaction.subscription_id, with_for_update=True, populate_existing=True
    )
    payment_called_off(session, subscription, now=now)
    if transaction.kind == "renewal":
        stop_renewals(session, subscription, now=now)


def try_again(session: Session, transaction: Transaction, *, now: datetime) -> None:
    """The provider won't call the charge off: it goes on as it was, so what became of it is found out."""
    charge = operation_for(session, transaction.id, "charge")
    if charge is not None and charge.status == CALLED_OFF:
        charge.status, charge.done_at, charge.next_attempt_at = "in_doubt", None, now
        transaction.version += 1
        events.publish_transaction(session, events.TRANSACTION_CHANGED, transaction, now=now)
