"""Giving money back: reserved at once, done when the provider has done it, released when it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.billing import events
from services.billing.actions.access import access_by, end_access
from services.billing.actions.accounts import count_money
from services.billing.actions.invoices import invoices_of, issue_credit_note, undo_credit_note
from services.billing.actions.stopping import end_now, stop_renewals
from services.billing.intents import intend
from services.billing.models.accounts import Account
from services.billing.models.operations import Operation
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Refund, Transaction
from services.billing.money import Money, share_of
from services.billing.providers.orders import RefundOrder
from services.billing.queries.operations import operation_for
from services.billing.queries.refunds import charge_reference


def give_back(
    session: Session,
    transaction: Transaction,
    amount_minor: int,
    *,
    reason: str,
    comment: str | None,
    ends_access: bool,
    stops_renewals: bool,
    requested_by: str,
    now: datetime,
) -> tuple[Refund, Operation]:
    """Have ``amount_minor`` of a settled transaction given back.

    The caller holds the account, has made sure that so much is left, and settles the account.
    """
    refund = _reserve(
        session, transaction, amount_minor, reason=reason, comment=comment, ends_access=ends_access,
        stops_renewals=stops_renewals, requested_by=requested_by, now=now,
    )  # fmt: skip
    transaction.version += 1
    events.publish_transaction(session, events.TRANSACTION_REFUND_REQUESTED, transaction, now=now, refund=refund)
    return refund, _intend(session, transaction, refund, requested_by=requested_by, now=now)


def settle_refund(
    session: Session,
    account: Account,
    refund: Refund,
    *,
    reference: str | None,
    at: datetime,
    now: datetime,
) -> None:
    """The money is back: what the refund was to end ends. Doing it again changes nothing.

    The caller holds the account and settles it.
    """
    if refund.status != "pending":
        return
    transaction = _transaction_of(session, refund)
    tax_before = _tax_of(transaction, transaction.refunded_minor)
    refund.status, refund.failure, refund.settled_at = "succeeded", None, at
    refund.provider_reference = reference or refund.provider_reference
    transaction.refunding_minor -= refund.amount_minor
    transaction.refunded_minor += refund.amount_minor
    follow_refunds(transaction)
    count_money(account, transaction.currency, -refund.amount_minor)
    _end(session, transaction, refund, now=now)
    transaction.version += 1
    events.publish_transaction(session, events.TRANSACTION_REFUNDED, transaction, now=now, refund=refund)
    if _is_invoiced(session, transaction):
        tax = _tax_of(transaction, transaction.refunded_minor) - tax_before
        issue_credit_note(
            session, transaction, refund_id=refund.id, amount_minor=refund.amount_minor, tax_minor=tax, now=now
        )


def settle_after_all(
    session: Session, account: Account, refund: Refund, *, reference: str, at: datetime, now: datetime
) -> None:
    """A refund that counted as failed was made: its money is reserved once more, and then gone.

    The caller holds the account, has made sure that so much is left, and settles the account.
    """
    transaction = _transaction_of(session, refund)
    refund.status = "pending"
    transaction.refunding_minor += refund.amount_minor
    session.flush()  # settling reads the transaction anew
    settle_refund(session, account, refund, reference=reference, at=at, now=now)


def fail_refund(
    session: Session, account: Account, refund: Refund, *, failure: Mapping[str, str], reference: str | None = None,
    at: datetime, now: datetime,
) -> None:  # fmt: skip
    """The provider refused, or a refund that counted as made came back: the money can be given back again.

    ``reference``: the provider's ID of the refund that came to nothing; without one it never took one on.
    What has ended with it stays so. Doing it again changes nothing. The caller holds the account and settles it.
    """
    if refund.status == "failed":
        return
    transaction = _transaction_of(session, refund)
    was_made = refund.status == "succeeded"
    refund.status, refund.failure, refund.settled_at = "failed", dict(failure), at
    refund.provider_reference = reference or refund.provider_reference
    if was_made:
        transaction.refunded_minor -= refund.amount_minor
        follow_refunds(transaction)
        count_money(account, transaction.currency, refund.amount_minor)
    else:
        transaction.refunding_minor -= refund.amount_minor
    transaction.version += 1
    events.publish_transaction(session, events.TRANSACTION_REFUND_FAILED, transaction, now=now, refund=refund)
    if was_made:
        undo_credit_note(session, transaction, refund_id=refund.id, now=now)


def record_foreign_refund(
    session: Session,
    account: Account,
    transaction: Transaction,
    amount_minor: int,
    *,
    reference: str,
    ends: bool,
    recorded_by: str,
    at: datetime,
    now: datetime,
) -> Refund:
    """Money was given back without us, in a provider's own pages or by a store; no more than is left.

    ``ends``: the access that it paid for is over with it, and so are renewals. The caller makes sure that this refund
    isn't known yet, holds the account and settles it.
    """
    refund = _reserve(
        session, transaction, amount_minor, reason="other", comment=None, ends_access=ends,
        stops_renewals=ends and transaction.subscription_id is not None, requested_by=recorded_by, now=at,
    )  # fmt: skip
    settle_refund(session, account, refund, reference=reference, at=at, now=now)
    return refund


def follow_refunds(transaction: Transaction) -> None:
    """The status that a settled transaction has by what was given back of it."""
    if transaction.refunded_minor == 0:
        transaction.status = "succeeded"
    else:
        whole = transaction.refunded_minor == transaction.amount_minor
        transaction.status = "refunded" if whole else "partially_refunded"


def _reserve(
    session: Session, transaction: Transaction, amount_minor: int, *, reason: str, comment: str | None,
    ends_access: bool, stops_renewals: bool, requested_by: str, now: datetime,
) -> Refund:  # fmt: skip
    refund = Refund(
        id=new_id("ref"),
        publisher_id=transaction.publisher_id,
        customer_id=transaction.customer_id,
        transaction_id=transaction.id,
        amount_minor=amount_minor,
        currency=transaction.currency,
        status="pending",
        reason=reason,
        comment=comment,
        ends_access=ends_access,
        stops_renewals=stops_renewals,
        requested_by=requested_by,
        requested_at=now,
    )
    session.add(refund)
    transaction.refunding_minor += amount_minor
    session.flush()
    return refund


def _intend(
    session: Session, transaction: Transaction, refund: Refund, *, requested_by: str, now: datetime
) -> Operation:
    charge = operation_for(session, transaction.id, "charge")

    def order(key: str) -> RefundOrder:
        return RefundOrder(
            key=key,
            amount=Money(refund.amount_minor, refund.currency),
            charged=Money(transaction.amount_minor, transaction.currency),
            charge_reference=charge_reference(transaction),
            charge_key=charge.id if charge else None,
            reason=refund.reason,
            ends_access=refund.ends_access,
        )

    return intend(
        session,
        publisher_id=transaction.publisher_id,
        customer_id=transaction.customer_id,
        provider=transaction.provider,
        subject_id=refund.id,
        order=order,
        requested_by=requested_by,
        now=now,
    )


def _end(session: Session, transaction: Transaction, refund: Refund, *, now: datetime) -> None:
    subscription = (
        session.get(Subscription, transaction.subscription_id, with_for_update=True, populate_existing=True)
        if transaction.subscription_id
        else None
    )
    if subscription is not None and refund.stops_renewals:
        if refund.ends_access:
            end_now(session, subscription, reason="refunded", now=now)
        else:
            stop_renewals(session, subscription, now=now)
    access = access_by(session, transaction) if refund.ends_access else None
    if access is not None:
        end_access(session, access, now=now)


def _transaction_of(session: Session, refund: Refund) -> Transaction:
    return session.get_one(Transaction, refund.transaction_id, with_for_update=True, populate_existing=True)


def _tax_of(transaction: Transaction, refunded_minor: int) -> int:
    """The tax in what was given back so far: with the last of the money the last of the tax is."""
    if transaction.amount_minor == 0:
        return 0
    return share_of(transaction.tax_minor, refunded_minor, transaction.amount_minor)


def _is_invoiced(session: Session, transaction: Transaction) -> bool:
    return any(each.kind == "invoice" for each in invoices_of(session, transaction))
