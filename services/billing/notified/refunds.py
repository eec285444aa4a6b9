"""A provider or a store tells of money that it gave back, by our order or without one."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.billing import events
from services.billing.actions.access import access_by, end_access
from services.billing.actions.accounts import count_money, lock_for_outcome, settle_account
from services.billing.actions.invoices import issue_credit_note
from services.billing.actions.subscriptions import expire_subscription
from services.billing.actions.transactions import order_key
from services.billing.execution.recording import record_outcome
from services.billing.models.accounts import Account
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import STORES, Refund, Transaction
from services.billing.money import share_of
from services.billing.notified.charges import is_a_charge_in_doubt, operation_of
from services.billing.notified.telling import NotKnownYet, Telling
from services.billing.providers.notifications import RefundFailed, RefundSettled
from services.billing.providers.port import Declined, Settled

_REASON = "other"


def refund_settled(session: Session, telling: Telling, fact: RefundSettled) -> None:
    """Money was given back. Ours is done; one made in the provider's dashboard, or by a store, is recorded.

    Raises NotKnownYet.
    """
    operation = operation_of(session, telling, fact.key, "refund")
    if operation is not None:
        record_outcome(
            session,
            publisher_id=telling.publisher_id,
            customer_id=operation.customer_id,
            operation_id=operation.id,
            outcome=Settled(reference=fact.reference, at=telling.at),
            now=telling.now,
        )
        return
    found = _charged(session, telling, fact.charge_reference, fact.charge_key)
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
    found = _charged(session, telling, fact.charge_reference, None)
    if found is None:
        _unknown(session, telling)
        return
    account = lock_for_outcome(session, telling.publisher_id, found.customer_id)
    transaction = session.get_one(Transaction, found.id, with_for_update=True, populate_existing=True)
    refund = _refund_of(session, transaction, fact.reference)
    if refund is not None and refund.status == "succeeded":
        _take_back(session, telling, account, transaction, refund, outcome)


def _charged(session: Session, telling: Telling, reference: str, key: str | None) -> Transaction | None:
    operation = operation_of(session, telling, key, "charge")
    if operation is not None:
        return session.get(Transaction, operation.subject_id)
    by_order = (Transaction.channel == telling.provider) & (Transaction.external_order_key == order_key(reference))
    by_reference = (Transaction.provider == telling.provider) & (Transaction.provider_reference == reference)
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
    if transaction.status == "pending":
        raise NotKnownYet("It is not known yet what became of the payment itself.")
    amount = fact.amount.amount_minor if fact.amount else transaction.left_minor
    if amount > transaction.left_minor:
        if transaction.refunding_minor:
            raise NotKnownYet("It is not known yet what became of another refund of this transaction.")
        amount = transaction.left_minor
    if amount <= 0 or (fact.amount and fact.amount.currency != transaction.currency):
        return
    by_store = telling.provider in STORES
    whole = amount == transaction.left_minor
    refund = _recorded(session, telling, transaction, fact.reference, amount, ends_access=by_store and whole)
    transaction.refunded_minor += amount
    _follow(transaction)
    count_money(account, transaction.currency, -amount)
    session.flush()
    events.publish_transaction(session, events.TRANSACTION_REFUNDED, transaction, now=telling.now, refund=refund)
    if refund.ends_access:
        _end(session, telling, transaction)
    settle_account(session, account, now=telling.now)
    if transaction.channel == "web":
        tax = share_of(transaction.tax_minor, amount, transaction.amount_minor)
        issue_credit_note(
            session, transaction, refund_id=refund.id, amount_minor=amount, tax_minor=tax, now=telling.now
        )


def _recorded(
    session: Session, telling: Telling, transaction: Transaction, reference: str, amount: int, *, ends_access: bool
) -> Refund:
    refund = Refund(
        id=new_id("ref"),
        publisher_id=transaction.publisher_id,
        customer_id=transaction.customer_id,
        transaction_id=transaction.id,
        amount_minor=amount,
        currency=transaction.currency,
        status="succeeded",
        reason=_REASON,
        ends_access=ends_access,
        stops_renewals=ends_access,
        provider_reference=reference,
        requested_by=telling.provider,
        requested_at=telling.at,
        settled_at=telling.at,
    )
    session.add(refund)
    return refund


def _take_back(
    session: Session, telling: Telling, account: Account, transaction: Transaction, refund: Refund, why: Declined
) -> None:
    refund.status, refund.failure = "failed", {"code": why.code, "message": why.message}
    transaction.refunded_minor -= refund.amount_minor
    _follow(transaction)
    count_money(account, transaction.currency, refund.amount_minor)
    session.flush()
    events.publish_transaction(session, events.TRANSACTION_REFUND_FAILED, transaction, now=telling.now, refund=refund)
    settle_account(session, account, now=telling.now)


def _follow(transaction: Transaction) -> None:
    """The status that what was given back makes."""
    if transaction.refunded_minor == 0:
        transaction.status = "succeeded"
    else:
        whole = transaction.refunded_minor == transaction.amount_minor
        transaction.status = "refunded" if whole else "partially_refunded"
    transaction.version += 1


def _end(session: Session, telling: Telling, transaction: Transaction) -> None:
    """What a store refunded it has taken away too, if it is the period that runs now."""
    subscription = (
        session.get(Subscription, transaction.subscription_id, with_for_update=True, populate_existing=True)
        if transaction.subscription_id
        else None
    )
    if subscription is not None:
        if transaction.period_end != subscription.current_period_end:
            return
        expire_subscription(session, subscription, reason="refunded", now=telling.now)
    access = access_by(session, transaction)
    if access is not None:
        end_access(session, access, now=telling.now)
