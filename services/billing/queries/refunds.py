"""Refunds, and whether one is possible."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from servicekit.errors import Problem
from services.billing.errors import ActionRefused, ProviderRefusal
from services.billing.models.operations import Operation
from services.billing.models.settings import BillingSettings
from services.billing.models.transactions import STORES, Refund, Transaction
from services.billing.providers.port import Capabilities
from services.billing.queries.operations import asked_to_call_off, operation_for
from services.billing.queries.settings import billing_settings
from services.billing.views.common import moment

_UNPAID = {
    "pending": "This transaction isn't paid yet, so there is nothing to refund. Cancel it instead.",
    "failed": "This transaction failed: no money was taken.",
    "cancelled": "This transaction was cancelled before any money was taken.",
}


def stopping_refund(session: Session, subscription_id: str) -> bool:
    """Whether a refund is under way that will stop the subscription: it is not charged meanwhile."""
    pending = (
        select(Refund.id)
        .join(Transaction, Transaction.id == Refund.transaction_id)
        .where(
            Transaction.subscription_id == subscription_id,
            Transaction.refunding_minor > literal_column("0"),  # written out, so that the index of these is found
            Refund.status == "pending",
            Refund.stops_renewals,
        )
    )
    return session.scalars(pending.limit(1)).one_or_none() is not None


def why_no_refund(
    session: Session, transaction: Transaction, capabilities: Capabilities, *, now: datetime
) -> Problem | None:
    """Why nothing of a transaction can be given back from here; None: something can."""
    unpaid = _UNPAID.get(transaction.status)
    if unpaid is not None:
        return _being_cancelled(session, transaction) or ActionRefused(f"transaction_{transaction.status}", unpaid)
    if transaction.left_minor <= 0:
        return _nothing_left(transaction)
    if not capabilities.refund:
        return ProviderRefusal(capabilities.refund.code, capabilities.refund.reason)
    if charge_reference(transaction) is None and operation_for(session, transaction.id, "charge") is None:
        return ActionRefused(
            "not_at_provider",
            "The provider's ID of this payment isn't known here. Refund it at the provider.",
        )
    return _too_late(transaction, billing_settings(session, transaction.publisher_id), now)


def why_no_cancel(
    session: Session, transaction: Transaction, capabilities: Capabilities, *, now: datetime
) -> Problem | None:
    """Why a transaction can't be cancelled; None: it can."""
    if transaction.status != "pending":
        return why_no_refund(session, transaction, capabilities, now=now)
    being = _being_cancelled(session, transaction)
    if being is None and not capabilities.void and may_be_charged(operation_for(session, transaction.id, "charge")):
        return ProviderRefusal(capabilities.void.code, capabilities.void.reason)
    return being


def may_be_charged(charge: Operation | None) -> bool:
    """Whether the provider may have got this order."""
    return charge is not None and charge.first_called_at is not None


def charge_reference(transaction: Transaction) -> str | None:
    """By what the provider knows the payment: its own ID of it, or a store's order ID."""
    by_order = transaction.external_order_id if transaction.channel in STORES else None
    return transaction.provider_reference or by_order


def still_runs(transaction: Transaction, *, now: datetime) -> bool:
    """Whether what a transaction paid for is not over yet."""
    return transaction.period_end is None or transaction.period_end > now


def _being_cancelled(session: Session, transaction: Transaction) -> Problem | None:
    if transaction.status == "pending" and asked_to_call_off(session, transaction.id) is not None:
        return ActionRefused("cancellation_pending", "This transaction is being cancelled: the provider has to answer.")
    return None


def _nothing_left(transaction: Transaction) -> Problem:
    if transaction.refunding_minor > 0:
        return ActionRefused("refund_pending", "All that is left of this transaction is just being refunded.")
    if transaction.amount_minor > 0:
        return ActionRefused("transaction_refunded", "This transaction was refunded in full.")
    return ActionRefused("nothing_left_to_refund", "This transaction cost nothing, so there is nothing to refund.")


def _too_late(transaction: Transaction, settings: BillingSettings, now: datetime) -> Problem | None:
    days = settings.refund_window_days
    if days is None:
        return None
    until = (transaction.settled_at or transaction.created_at) + timedelta(days=days)
    if now <= until:
        return None
    return ActionRefused(
        "refund_window_passed",
        f"Refunds are possible for {days} days after the payment; that was until {until:%Y-%m-%d}.",
        refund_window_days=days,
        until=moment(until),
    )
