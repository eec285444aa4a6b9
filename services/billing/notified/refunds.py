"""A provider or a store tells of money that it gave back, by our order or without one."""

from __future__ import annotations

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.billing.actions.accounts import lock_for_outcome, settle_account
from services.billing.actions.invoices import invoices_of
from services.billing.actions.refunds import fail_refund, record_foreign_refund, settle_after_all
from services.billing.actions.transactions import order_key
from services.billing.erasure import confirm_erasure
from services.billing.execution.recording import record_outcome
from services.billing.models.accounts import Account
from services.billing.models.operations import Operation
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import SETTLED, STORES, Refund, Transaction
from services.billing.notified.charges import is_a_charge_in_doubt, operation_of
from services.billing.notified.telling import NotKnownYet, Telling
from services.billing.providers.notifications import RefundFailed, RefundSettled
from services.billing.providers.port import Declined, Settled

_log = structlog.get_logger("notifications")


def refund_settled(session: Session, telling: Telling, fact: RefundSettled) -> None:
    """Money was given back. Ours is done; one made in the provider's dashboard, or by a store, is recorded.

    Raises NotKnownYet.
    """
    operation = operation_of(session, telling, fact.key, "refund")
    if operation is not None:
        if not record_outcome(
            session,
            publisher_id=telling.publisher_id,
            customer_id=operation.customer_id,
            operation_id=operation.id,
            outcome=Settled(reference=fact.reference, at=telling.at),
            now=telling.now,
        ):
            _settle_after_all(session, telling, operation, fact)
        return
    found = _charged(session, telling, fact, fact.charge_key)
    if found is None:
        _unknown(session, telling)
        return
    account = lock_for_outcome(session, telling.publisher_id, found.customer_id)
    transaction = session.get_one(Transaction, found.id, with_for_update=True, populate_existing=True)
    if _refund_of(session, transaction, fact.reference) is None:
        _give_back(session, telling, account, transaction, fact)


def refund_failed(session: Session, telling: Telling, fact: RefundFailed) -> None:
    """A refund came to nothing, perhaps after it had counted as made: then the money is the publisher's again."""
    outcome = Declined(code=fact.code, message=fact.message, may_recover=False, reference=fact.reference)
    operation = operation_of(session, telling, fact.key, "refund")
    if operation is not None and record_outcome(
        session,
        publisher_id=telling.publisher_id,
        customer_id=operation.customer_id,
        operation_id=operation.id,
        outcome=outcome,
        now=telling.now,
    ):
        return
    found = _charged(session, telling, fact, None)
    if found is None:
        _unknown(session, telling)
        return
    account = lock_for_outcome(session, telling.publisher_id, found.customer_id)
    transaction = session.get_one(Transaction, found.id, with_for_update=True, populate_existing=True)
    refund = _refund_of(session, transaction, fact.reference)
    if refund is not None:
        failure = {"code": fact.code, "message": fact.message}
        fail_refund(session, account, refund, failure=failure, at=telling.at, now=telling.now)
        settle_account(session, account, now=telling.now)


def _settle_after_all(session: Session, telling: Telling, operation: Operation, fact: RefundSettled) -> None:
    """What counted as refused was refunded all the same: money that went out is never left out.

    Of a refund that the provider itself had taken on and then failed, that was the last word: this one came late.
    """
    account = lock_for_outcome(session, telling.publisher_id, operation.customer_id)
    refund = session.get_one(Refund, operation.subject_id, with_for_update=True, populate_existing=True)
    if refund.status != "failed" or refund.provider_reference == fact.reference:
        return
    transaction = session.get_one(Transaction, refund.transaction_id, with_for_update=True, populate_existing=True)
    if any(each.refund_id == refund.id for each in invoices_of(session, transaction)):
        # It was made once and came back: this is another one, with a credit note of its own.
        if _refund_of(session, transaction, fact.reference) is None:
            _give_back(session, telling, account, transaction, fact)
        return
    if refund.amount_minor > transaction.left_minor:
        if transaction.refunding_minor:
            raise NotKnownYet("It is not known yet what became of another refund of this transaction.")
        _log.error("more was refunded than was paid", operation_id=operation.id)
        return
    operation.status = "succeeded"
    settle_after_all(session, account, refund, reference=fact.reference, at=telling.at, now=telling.now)
    settle_account(session, account, now=telling.now)
    confirm_erasure(session, account, now=telling.now)


def _charged(
    session: Session, telling: Telling, fact: RefundSettled | RefundFailed, key: str | None
) -> Transaction | None:
    operation = operation_of(session, telling, key, "charge")
    if operation is not None:
        return session.get(Transaction, operation.subject_id)
    names = [name for name in (fact.charge_reference, fact.charge_alias) if name]
    by_order = (Transaction.channel == telling.provider) & Transaction.external_order_key.in_(map(order_key, names))
    by_reference = (Transaction.provider == telling.provider) & Transaction.provider_reference.in_(names)
    mine = Transaction.publisher_id == telling.publisher_id
    return session.scalars(select(Transaction).where(mine, or_(by_order, by_reference)).limit(1)).one_or_none()


def _unknown(session: Session, telling: Telling) -> None:
    """Others may use the same account at a provider; but a store's purchases are all ours, known sooner or later."""
    if telling.provider in STORES or is_a_charge_in_doubt(session, telling):
        raise NotKnownYet("No transaction with this reference is known.")


def _refund_of(session: Session, transaction: Transaction, reference: str) -> Refund | None:
    mine = select(Refund).where(Refund.transaction_id == transaction.id, Refund.provider_reference == reference)
    return session.scalars(mine.with_for_update()).one_or_none()


def _give_back(
    session: Session, telling: Telling, account: Account, transaction: Transaction, fact: RefundSettled
) -> None:
    if transaction.status not in SETTLED:
        # That it was paid after all is still to be told: until then nothing came in that could go back.
        raise NotKnownYet("It is not known yet that this was paid.")
    amount = fact.amount.amount_minor if fact.amount else transaction.left_minor
    if amount > transaction.left_minor:
        if transaction.refunding_minor:
            raise NotKnownYet("It is not known yet what became of another refund of this transaction.")
        amount = transaction.left_minor
    if amount <= 0 or (fact.amount and fact.amount.currency != transaction.currency):
        return
    record_foreign_refund(
        session, account, transaction, amount, reference=fact.reference,
        ends=amount == transaction.left_minor and _is_taken_away(session, telling, transaction),
        recorded_by=telling.provider, at=telling.at, now=telling.now,
    )  # fmt: skip
    settle_account(session, account, now=telling.now)


def _is_taken_away(session: Session, telling: Telling, transaction: Transaction) -> bool:
    """What a store refunded it has taken away too, if it is the period that runs now."""
    if telling.provider not in STORES:
        return False
    if transaction.subscription_id is None:
        return True
    subscription = session.get_one(Subscription, transaction.subscription_id)
    return transaction.period_end == subscription.current_period_end
