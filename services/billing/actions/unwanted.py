"""Money that came although nothing is to be had for it any more: it goes back by itself, never kept in silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.calling_off import stop_what_it_was_for
from services.billing.actions.refunds import give_back
from services.billing.actions.subscriptions import running_subscription
from services.billing.models.accounts import Account
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import STORES, Transaction
from services.billing.queries.operations import asked_to_call_off

SYSTEM = "system"
"""Who asked for what nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """Why a payment is given back, and who wanted that."""

    reason: str = "other"
    comment: str | None
    requested_by: str = SYSTEM
    was_called_off: bool = False


def why_unwanted(session: Session, account: Account, transaction: Transaction) -> Unwanted | None:
    """Why a payment that has come is to be given back; None: what was bought can be had.

    A store's payments are the store's to give back.
    """
    if transaction.channel in STORES:
        return None
    void = asked_to_call_off(session, transaction.id)
    if void is not None:
        return Unwanted(
            reason=str(void.request.get("why", "other")),
            comment=void.request.get("comment"),
            requested_by=void.requested_by,
            was_called_off=True,
        )
    if transaction.status == "cancelled":
        return Unwanted(comment="The payment came after the transaction was cancelled.")
    if account.status == "closed":
        return Unwanted(comment="The account was closed when the payment came.")
    if transaction.subscription_id is None:
        return _bought_twice(session, transaction)
    return _renewed_in_vain(session, transaction)


def give_back_unwanted(session: Session, transaction: Transaction, why: Unwanted, *, now: datetime) -> None:
    """Give all of it back. Nothing was delivered for it, so the refund ends nothing."""
    if why.was_called_off:
        stop_what_it_was_for(session, transaction, now=now)
    if transaction.left_minor > 0:
        give_back(
            session, transaction, transaction.left_minor, reason=why.reason, comment=why.comment, ends_access=False,
            stops_renewals=False, requested_by=why.requested_by, now=now,
        )  # fmt: skip


def _bought_twice(session: Session, transaction: Transaction) -> Unwanted | None:
    if events.offer_of(session, transaction.offer_id).kind != "subscription":
        return None
    running = running_subscription(session, transaction.publisher_id, transaction.customer_id, transaction.offer_id)
    if running is None:
        return None
    return Unwanted(reason="duplicate", comment="The customer already had this subscription when the payment came.")


def _renewed_in_vain(session: Session, transaction: Transaction) -> Unwanted | None:
    subscription = session.get_one(
        Subscription, transaction.subscription_id, with_for_update=True, populate_existing=True
    )
    if not subscription.is_running:
        return Unwanted(comment="The subscription had ended when the payment came.")
    number = transaction.period_number
    if transaction.kind == "renewal" and number is not None and number <= subscription.period_number:
        return Unwanted(reason="duplicate", comment="The period was paid for already when the payment came.")
    return None
