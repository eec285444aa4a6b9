"""Closing a customer's billing account: nothing can be bought any more. The step before a customer is erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.access import end_access
from services.billing.actions.accounts import lock_for_outcome, settle_account
from services.billing.actions.subscriptions import expire_subscription
from services.billing.errors import AccessActive, PaymentPending
from services.billing.models.access import Access
from services.billing.models.accounts import Account
from services.billing.models.subscriptions import RUNNING, Subscription
from services.billing.models.transactions import Transaction
from services.billing.queries.operations import asked_to_call_off


def close_account(
    session: Session, *, publisher_id: str, customer_id: str, end_running: bool, now: datetime
) -> Account:
    """Close the account; with ``end_running`` subscriptions and access end now. Doing it again changes nothing.

    Of a customer billing was never told of, too: what comes later finds it closed. Raises AccessActive where something
    still runs that isn't to end; PaymentPending while money is on its way, of which nobody knows what it will begin.
    A payment that is being called off begins nothing: if it comes all the same, it is given back by itself.
    """
    account = lock_for_outcome(session, publisher_id, customer_id)
    if account.status == "closed":
        return account
    _nothing_pending(session, account)
    running = session.scalars(_mine(Subscription, account).where(Subscription.status.in_(RUNNING))).all()
    lasting = session.scalars(
        _mine(Access, account).where(Access.ended_at.is_(None), or_(Access.ends_at.is_(None), Access.ends_at > now))
    ).all()
    if (running or lasting) and not end_running:
        raise AccessActive(len(lasting), account.access_until)
    end_everything(session, account, now=now)
    account.status, account.closed_at = "closed", now
    settle_account(session, account, now=now, kind=events.ACCOUNT_CLOSED)
    return account


def _nothing_pending(session: Session, account: Account) -> None:
    pending = _mine(Transaction, account).where(Transaction.status == "pending").order_by(Transaction.id)
    for transaction in session.scalars(pending):
        if asked_to_call_off(session, transaction.id) is None:
            raise PaymentPending(transaction.id)


def end_everything(session: Session, account: Account, *, now: datetime) -> None:
    """Subscriptions and access end now. Doing it again changes nothing."""
    for subscription in session.scalars(
        _mine(Subscription, account).where(Subscription.status.in_(RUNNING)).with_for_update()
    ):
        expire_subscription(session, subscription, reason="account_closed", now=now)
    for access in session.scalars(_mine(Access, account).where(Access.ended_at.is_(None)).with_for_update()):
        end_access(session, access, now=now)


def _mine(model: Any, account: Account) -> Any:
    return select(model).where(model.publisher_id == account.publisher_id, model.customer_id == account.customer_id)
