"""A transaction's way: begun, then paid or failed; and what each does to the customer's figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.billing import events
from services.billing.actions.access import grant_access
from services.billing.actions.accounts import count_money, count_transaction
from services.billing.actions.dunning import payment_failed
from services.billing.actions.invoices import issue_invoice
from services.billing.actions.subscriptions import renew_subscription, start_subscription
from services.billing.actions.switching import switch_subscription
from services.billing.actions.unwanted import give_back_unwanted, why_unwanted
from services.billing.calendar_rules import after_periods
from services.billing.errors import OrderKnown
from services.billing.models.accounts import Account
from services.billing.models.offers import Offer
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.money import tax_in
from services.billing.queries.settings import billing_settings


def order_key(order_id: str) -> str:
    """What makes two external order IDs the same: letter case does not tell them apart."""
    return order_id.casefold()


def begin_transaction(
    session: Session, account: Account, offer: Offer, *, amount_minor: int, currency: str, now: datetime, **more: Any
) -> Transaction:
    """A transaction that waits for its money; ``more`` are further columns. The caller holds the account.

    Raises OrderKnown where another customer's got the external order ID at the same moment.
    """
    transaction = Transaction(
        id=new_id("txn"),
        publisher_id=account.publisher_id,
        customer_id=account.customer_id,
        offer_id=offer.id,
        amount_minor=amount_minor,
        tax_minor=tax_in(amount_minor, offer.tax_percent),
        refunded_minor=0,
        refunding_minor=0,
        currency=currency,
        status="pending",
        origin="live",
        created_at=now,
        version=1,
        **more,
    )
    session.add(transaction)
    try:
        session.flush()
    except IntegrityError as error:
        if not _is_order_taken(error):
            raise
        raise OrderKnown from error
    count_transaction(account, transaction)
    events.publish_transaction(session, events.TRANSACTION_CREATED, transaction, now=now)
    return transaction


def settle_transaction(
    session: Session,
    account: Account,
    transaction: Transaction,
    *,
    reference: str | None,
    at: datetime,
    until: datetime | None = None,
    subscription_external_id: str | None = None,
    now: datetime,
) -> None:
    """The money is there: what was bought begins or goes on. Doing it again changes nothing.

    What can't be had any more (the transaction was cancelled, the subscription has ended) is given back by itself.
    ``until`` and ``subscription_external_id`` are what a store says of a subscription that it renews itself. The
    caller settles the account.
    """
    if transaction.status not in ("pending", "failed", "cancelled"):
        return
    unwanted = why_unwanted(session, account, transaction)
    transaction.status, transaction.failure = "succeeded", None
    transaction.settled_at = at
    transaction.provider_reference = reference or transaction.provider_reference
    count_money(account, transaction.currency, transaction.amount_minor)
    if unwanted is None:
        _deliver(session, transaction, until=until, external_id=subscription_external_id, now=now)
    transaction.version += 1
    events.publish_transaction(session, events.TRANSACTION_SUCCEEDED, transaction, now=now)
    if unwanted is not None:
        give_back_unwanted(session, transaction, unwanted, now=now)
    if transaction.channel == "web" and transaction.amount_minor > 0:
        issue_invoice(session, transaction, now=now)


def fail_transaction(
    session: Session, transaction: Transaction, *, failure: Mapping[str, str], at: datetime,
    may_recover: bool = True, now: datetime,
) -> None:  # fmt: skip
    """The money doesn't come. Doing it again changes nothing.

    ``may_recover``: whether the same details may be charged again some day. A renewal's subscription is then overdue.
    """
    if transaction.status != "pending":
        return
    transaction.status, transaction.failure, transaction.settled_at = "failed", dict(failure), at
    transaction.version += 1
    events.publish_transaction(session, events.TRANSACTION_FAILED, transaction, now=now)
    if transaction.kind in ("renewal", "switch"):
        payment_failed(session, transaction, may_recover=may_recover, now=now)


def _deliver(
    session: Session, transaction: Transaction, *, until: datetime | None, external_id: str | None, now: datetime
) -> None:
    """What a paid transaction gives."""
    offer = events.offer_of(session, transaction.offer_id)
    zone = billing_settings(session, transaction.publisher_id).time_zone
    subscription = (
        session.get(Subscription, transaction.subscription_id, with_for_update=True, populate_existing=True)
        if transaction.subscription_id
        else None
    )
    if subscription is not None and transaction.kind == "renewal":
        renew_subscription(session, subscription, paid=transaction, until=until, now=now)
    elif subscription is not None and transaction.kind == "switch":
        switch_subscription(session, subscription, paid=transaction, now=now)
    elif subscription is None and offer.kind == "subscription":
        start_subscription(
            session, offer, transaction, time_zone=zone, external_id=external_id, until=until,
            renews_itself=external_id is not None, now=now,
        )  # fmt: skip
    elif subscription is None:
        starts = transaction.created_at
        ends = until
        if ends is None and offer.period_unit is not None and offer.period_count is not None:
            ends = after_periods(starts, offer.period_unit, offer.period_count, 1, zone)
        transaction.period_start, transaction.period_end = starts, ends
        grant_access(session, transaction, starts_at=starts, ends_at=ends, now=now)


def _is_order_taken(error: IntegrityError) -> bool:
    """Whether an insert failed because another transaction of the channel has the external order ID."""
    return getattr(getattr(error.orig, "diag", None), "constraint_name", None) == "transaction_by_order"
