"""What people ask for: a refund, or that a transaction be cancelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.billing.actions.accounts import lock_account, settle_account
from services.billing.actions.calling_off import call_off
from services.billing.actions.refunds import give_back
from services.billing.errors import (
    ActionRefused,
    ChoiceRequired,
    ProviderRefusal,
    RefundExceedsRemaining,
    TransactionNotFound,
    WrongCurrency,
)
from services.billing.models.accounts import Account
from services.billing.models.operations import Operation
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Refund, Transaction
from services.billing.money import Money
from services.billing.providers.port import Provider
from services.billing.queries.refunds import still_runs, why_no_cancel, why_no_refund
from services.billing.queries.rows import find, find_locked

Find = Callable[[str], Provider]
"""The publisher's provider by its name."""


@dataclass(frozen=True, slots=True)
class Requested:
    """What a request came to: a refund, if money goes back; an operation, if the provider has something to do."""

    transaction: Transaction
    refund: Refund | None
    operation: Operation | None


def refund_transaction(
    session: Session,
    *,
    publisher_id: str,
    transaction_id: str,
    data: Mapping[str, Any],
    find_provider: Find,
    requested_by: str,
    now: datetime,
) -> Requested:
    """Give money of a transaction back (fields as in ``RefundTransaction``); all that is left, if no amount is named.

    Raises TransactionNotFound, CustomerErased, ActionRefused, ProviderRefusal, WrongCurrency, RefundExceedsRemaining,
    ChoiceRequired.
    """
    account, transaction = _locked(session, publisher_id, transaction_id)
    provider = find_provider(transaction.provider)
    _refuse(why_no_refund(session, transaction, provider.capabilities, now=now))
    amount = _amount(transaction, data.get("amount"))
    whole = amount == transaction.left_minor
    if amount < transaction.amount_minor and not provider.capabilities.partial_refund:
        raise ProviderRefusal(provider.capabilities.partial_refund.code, provider.capabilities.partial_refund.reason)
    if not whole:
        _require_choice(data)
    default = still_runs(transaction, now=now)
    ends_access = bool(data.get("end_access", default))
    stops_renewals = bool(data.get("stop_renewals", default)) and _is_running(session, transaction)
    if stops_renewals and not ends_access and provider.renews_itself:
        raise ActionRefused(
            "store_managed", "The store renews this subscription. Cancel the subscription itself to stop it."
        )
    refund, operation = give_back(
        session, transaction, amount, reason=data["reason"], comment=data.get("comment"), ends_access=ends_access,
        stops_renewals=stops_renewals, requested_by=requested_by, now=now,
    )  # fmt: skip
    settle_account(session, account, now=now)
    return Requested(transaction, refund, operation)


def cancel_transaction(
    session: Session,
    *,
    publisher_id: str,
    transaction_id: str,
    data: Mapping[str, Any],
    find_provider: Find,
    requested_by: str,
    now: datetime,
) -> Requested:
    """Call off a payment that is pending; give a settled one back in full, with access and renewals ending.

    ``data`` as in ``CancelTransaction``. Raises TransactionNotFound, CustomerErased, ActionRefused, ProviderRefusal.
    """
    account, transaction = _locked(session, publisher_id, transaction_id)
    provider = find_provider(transaction.provider)
    _refuse(why_no_cancel(session, transaction, provider.capabilities, now=now))
    refund = None
    if transaction.status == "pending":
        operation = call_off(session, transaction, data=data, requested_by=requested_by, now=now)
    else:
        if transaction.left_minor < transaction.amount_minor and not provider.capabilities.partial_refund:
            partial = provider.capabilities.partial_refund
            raise ProviderRefusal(partial.code, partial.reason)
        refund, operation = give_back(
            session, transaction, transaction.left_minor, reason=data["reason"], comment=data.get("comment"),
            ends_access=True, stops_renewals=_is_running(session, transaction), requested_by=requested_by, now=now,
        )  # fmt: skip
    settle_account(session, account, now=now)
    return Requested(transaction, refund, operation)


def _locked(session: Session, publisher_id: str, transaction_id: str) -> tuple[Account, Transaction]:
    found = find(session, Transaction, publisher_id, transaction_id, TransactionNotFound)
    account = lock_account(session, publisher_id, found.customer_id)
    return account, find_locked(session, Transaction, publisher_id, transaction_id, TransactionNotFound)


def _refuse(problem: Exception | None) -> None:
    if problem is not None:
        raise problem


def _amount(transaction: Transaction, wanted: Money | None) -> int:
    if wanted is None:
        return transaction.left_minor
    if wanted.currency != transaction.currency:
        raise WrongCurrency(transaction.currency)
    if wanted.amount_minor > transaction.left_minor:
        raise RefundExceedsRemaining(Money(transaction.left_minor, transaction.currency))
    return wanted.amount_minor


def _require_choice(data: Mapping[str, Any]) -> None:
    missing = [name for name in ("end_access", "stop_renewals") if name not in data]
    if missing:
        raise ChoiceRequired(missing)


def _is_running(session: Session, transaction: Transaction) -> bool:
    if transaction.subscription_id is None:
        return False
    return session.get_one(Subscription, transaction.subscription_id).is_running
