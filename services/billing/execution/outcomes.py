"""What an operation's outcome does, by kind. Each runs under the customer's account, once for each operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from services.billing.actions.calling_off import cancelled, try_again
from services.billing.actions.detaching import forget_method, keep_method
from services.billing.actions.refunds import fail_refund, settle_refund
from services.billing.actions.stopping import stop_renewals
from services.billing.actions.transactions import fail_transaction, settle_transaction
from services.billing.models.accounts import Account
from services.billing.models.operations import Operation
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Refund, Transaction
from services.billing.providers.port import Declined, Settled

Record = Callable[[Session, Account, Operation, Settled | Declined, datetime], None]


def charged(
    session: Session, account: Account, operation: Operation, outcome: Settled | Declined, now: datetime
) -> None:
    """A charge went through, or didn't."""
    transaction = session.get_one(Transaction, operation.subject_id, with_for_update=True, populate_existing=True)
    if isinstance(outcome, Settled):
        settle_transaction(session, account, transaction, reference=outcome.reference, at=outcome.at or now, now=now)
    else:
        failure = {"code": outcome.code, "message": outcome.message}
        fail_transaction(session, transaction, failure=failure, at=now, may_recover=outcome.may_recover, now=now)


def refunded(
    session: Session,
    account: Account,
    operation: Operation,
    outcome: Settled | Declined,
    now: datetime,
) -> None:
    """Money was given back, or the provider refused to."""
    refund = session.get_one(Refund, operation.subject_id, with_for_update=True, populate_existing=True)
    if isinstance(outcome, Settled):
        settle_refund(session, account, refund, reference=outcome.reference, at=outcome.at or now, now=now)
    else:
        failure = {"code": outcome.code, "message": outcome.message}
        fail_refund(session, account, refund, failure=failure, reference=outcome.reference, at=now, now=now)


def voided(
    session: Session,
    account: Account,
    operation: Operation,
    outcome: Settled | Declined,
    now: datetime,
) -> None:
    """A charge was called off; or it was too late, and the money goes back; or the provider won't."""
    transaction = session.get_one(Transaction, operation.subject_id, with_for_update=True, populate_existing=True)
    if isinstance(outcome, Settled) or outcome.code == "charge_unknown":
        cancelled(session, transaction, now=now)
    elif outcome.code == "charge_settled":
        settle_transaction(session, account, transaction, reference=None, at=now, now=now)
    else:
        try_again(session, transaction, now=now)


def detached(
    session: Session, account: Account, operation: Operation, outcome: Settled | Declined, now: datetime
) -> None:
    """The provider has forgotten payment details, or won't: then a closed account's are gone here all the same."""
    method = session.get_one(PaymentMethod, operation.subject_id, with_for_update=True, populate_existing=True)
    if isinstance(outcome, Settled) or account.status == "closed":
        forget_method(session, method, now=now)
    else:
        keep_method(session, method, now=now)


def stopped_at_store(
    session: Session, _account: Account, operation: Operation, outcome: Settled | Declined, now: datetime
) -> None:
    """The store has stopped a subscription's renewals. If it won't, nothing has changed."""
    subscription = session.get_one(Subscription, operation.subject_id, with_for_update=True, populate_existing=True)
    if isinstance(outcome, Settled):
        stop_renewals(session, subscription, reason=operation.request.get("reason"), now=now)


OUTCOMES: Mapping[str, Record] = {
    "charge": charged,
    "refund": refunded,
    "void": voided,
    "detach": detached,
    "cancel": stopped_at_store,
}
