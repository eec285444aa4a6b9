"""Buying an offer: paid by details on file, or recorded because a store was paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.actions.accounts import lock_open_account, settle_account
from services.billing.actions.charging import intend_charge
from services.billing.actions.payment_methods import usable_method
from services.billing.actions.subscriptions import had_subscription, running_subscription, start_trial
from services.billing.actions.transactions import begin_transaction, order_key, settle_transaction
from services.billing.errors import (
    AlreadySubscribed,
    OfferNotFound,
    OfferRetired,
    OrderKnown,
    PurchasePending,
    StoreSubscriptionKnown,
)
from services.billing.models.accounts import Account
from services.billing.models.offers import Offer
from services.billing.models.operations import Operation
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.money import Money
from services.billing.queries.rows import find
from services.billing.queries.settings import billing_settings
from services.billing.views.payment_methods import method_ref


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a purchase came to: a transaction, unless it began with a trial; an operation, if money is to be taken."""

    transaction: Transaction | None
    subscription: Subscription | None
    operation: Operation | None


def purchase(
    session: Session, *, publisher_id: str, data: Mapping[str, Any], requested_by: str, now: datetime
) -> Purchase:
    """Buy ``data["offer_id"]`` for ``data["customer_id"]`` (fields as in ``MakePurchase``).

    Raises CustomerNotFound, AccountClosed, OfferNotFound, OfferRetired, AlreadySubscribed, PurchasePending,
    NoPaymentMethod, PaymentMethodUnusable, OrderKnown, StoreSubscriptionKnown.
    """
    account = lock_open_account(session, publisher_id, data["customer_id"])
    offer = find(session, Offer, publisher_id, data["offer_id"], OfferNotFound)
    if offer.status == "retired":
        raise OfferRetired
    if offer.kind == "subscription":
        _require_not_subscribed(session, account, offer)
    if data["channel"] != "web":
        return _recorded(session, account, offer, data, now)
    method = usable_method(session, publisher_id, account.customer_id, data.get("payment_method_id"), now=now)
    _require_new_order(session, publisher_id, "web", data.get("external_order_id"))
    if offer.trial_days and not had_subscription(session, publisher_id, account.customer_id, offer.id):
        zone = billing_settings(session, publisher_id).time_zone
        trial = start_trial(session, offer, method, customer_id=account.customer_id, time_zone=zone, now=now)
        settle_account(session, account, now=now)
        return Purchase(None, trial, None)
    return _charged(session, account, offer, method, data, requested_by, now)


def _require_not_subscribed(session: Session, account: Account, offer: Offer) -> None:
    running = running_subscription(session, account.publisher_id, account.customer_id, offer.id)
    if running is not None:
        raise AlreadySubscribed(running.id)
    pending = session.scalars(
        select(Transaction.id)
        .where(
            Transaction.publisher_id == account.publisher_id,
            Transaction.customer_id == account.customer_id,
            Transaction.status == "pending",
            Transaction.kind == "purchase",
            Transaction.offer_id == offer.id,
        )
        .limit(1)
    ).one_or_none()
    if pending is not None:
        raise PurchasePending(pending)


def _charged(
    session: Session, account: Account, offer: Offer, method: PaymentMethod, data: Mapping[str, Any],
    requested_by: str, now: datetime,
) -> Purchase:  # fmt: skip
    order_id = data.get("external_order_id")
    transaction = begin_transaction(
        session, account, offer, kind="purchase", amount_minor=offer.price_minor, currency=offer.currency,
        channel="web", provider=method.provider, payment_method_id=method.id, payment_method=method_ref(method),
        external_order_id=order_id, external_order_key=order_id and order_key(order_id), now=now,
    )  # fmt: skip
    operation = None
    if offer.price_minor == 0:
        settle_transaction(session, account, transaction, reference=None, at=now, now=now)
    else:
        operation = intend_charge(session, transaction, method, requested_by=requested_by, now=now)
    settle_account(session, account, now=now)
    return Purchase(transaction, None, operation)


def _recorded(session: Session, account: Account, offer: Offer, data: Mapping[str, Any], now: datetime) -> Purchase:
    """A store was paid: the transaction is settled as it is recorded."""
    channel, order_id = data["channel"], data["external_order_id"]
    _require_new_order(session, account.publisher_id, channel, order_id)
    if offer.kind == "subscription":
        _require_new_subscription(session, account.publisher_id, channel, order_id)
    price = data.get("amount") or Money(offer.price_minor, offer.currency)
    store = {"id": None, "kind": "store", "brand": channel, "last4": None}
    transaction = begin_transaction(
        session, account, offer, kind="purchase", amount_minor=price.amount_minor, currency=price.currency,
        channel=channel, provider=channel, payment_method=store,
        external_order_id=order_id, external_order_key=order_key(order_id), now=now,
    )  # fmt: skip
    settle_transaction(
        session, account, transaction, reference=None, at=now, subscription_external_id=order_id, now=now
    )
    settle_account(session, account, now=now)
    return Purchase(transaction, None, None)


def _require_new_order(session: Session, publisher_id: str, channel: str, order_id: str | None) -> None:
    if order_id is None:
        return
    known = session.scalars(
        select(Transaction.id).where(
            Transaction.publisher_id == publisher_id,
            Transaction.channel == channel,
            Transaction.external_order_key == order_key(order_id),
        )
    ).one_or_none()
    if known is not None:
        raise OrderKnown(known)


def _require_new_subscription(session: Session, publisher_id: str, channel: str, order_id: str) -> None:
    known = session.scalars(
        select(Subscription.id).where(
            Subscription.publisher_id == publisher_id,
            Subscription.channel == channel,
            Subscription.external_id == order_id,
        )
    ).one_or_none()
    if known is not None:
        raise StoreSubscriptionKnown(known)
