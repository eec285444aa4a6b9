"""What may be done with a subscription now. Each rule raises the problem that says why not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from services.billing.errors import AlreadySubscribed, OfferRetired, PaymentPending, ProviderRefusal
from services.billing.models.offers import Offer
from services.billing.models.operations import OPEN, Operation
from services.billing.models.subscriptions import RUNNING, Subscription
from services.billing.models.transactions import SETTLED, Transaction
from services.billing.providers.port import Capabilities
from services.billing.subscription_errors import (
    AlreadyCancelled,
    CancellationPending,
    NoPendingSwitch,
    NotAtProvider,
    NotCancelled,
    OfferNotSubscription,
    SameOffer,
    StoreManaged,
    SubscriptionCancelled,
    SubscriptionEnded,
    SubscriptionPastDue,
    SwitchCurrency,
)

AT_ONCE = "The store ends a subscription only with its period. Cancel it to the period's end."
RESUMED_THERE = "Only the customer can take up a store's subscription again, in the store."
SWITCHED_THERE = "Only the customer can change a store's subscription, in the store."


def may_cancel(session: Session, subscription: Subscription, capabilities: Capabilities) -> None:
    """Cancelling with the period's end. Raises SubscriptionEnded, AlreadyCancelled, ProviderRefusal, NotAtProvider,
    CancellationPending."""
    _running(subscription)
    if subscription.status == "cancelled":
        raise AlreadyCancelled
    if subscription.is_charged_here:
        return
    if not capabilities.cancel:
        raise ProviderRefusal(capabilities.cancel.code, capabilities.cancel.reason)
    if subscription.external_id is None:
        raise NotAtProvider
    asked = select(Operation.id).where(
        Operation.subject_id == subscription.id, Operation.kind == "cancel", Operation.status.in_(OPEN)
    )
    if session.scalars(asked.limit(1)).one_or_none() is not None:
        raise CancellationPending


def may_cancel_now(session: Session, subscription: Subscription) -> None:
    """Ending it at once. Raises SubscriptionEnded, StoreManaged, PaymentPending."""
    _running(subscription)
    if not subscription.is_charged_here:
        raise StoreManaged(AT_ONCE)
    _nothing_pending(session, subscription)


def may_resume(subscription: Subscription, *, now: datetime) -> None:
    """Undoing a cancellation. Raises SubscriptionEnded, NotCancelled, StoreManaged."""
    _running(subscription)
    if subscription.status != "cancelled":
        raise NotCancelled
    if not subscription.is_charged_here:
        raise StoreManaged(RESUMED_THERE)
    if subscription.current_period_end <= now:
        raise SubscriptionEnded


def may_switch(session: Session, subscription: Subscription) -> None:
    """Changing to some other offer. Raises SubscriptionEnded, StoreManaged, SubscriptionCancelled,
    SubscriptionPastDue, PaymentPending."""
    _running(subscription)
    if not subscription.is_charged_here:
        raise StoreManaged(SWITCHED_THERE)
    if subscription.status == "cancelled":
        raise SubscriptionCancelled
    if subscription.status == "past_due":
        raise SubscriptionPastDue
    _nothing_pending(session, subscription)


def may_switch_to(session: Session, subscription: Subscription, offer: Offer, *, at_once: bool) -> None:
    """Changing to this offer, besides ``may_switch``. Raises SameOffer, OfferNotSubscription, OfferRetired,
    SwitchCurrency, AlreadySubscribed."""
    coming = subscription.offer_id if at_once else subscription.pending_offer_id or subscription.offer_id
    if offer.id == coming:
        raise SameOffer
    if offer.kind != "subscription":
        raise OfferNotSubscription
    if offer.status == "retired":
        raise OfferRetired
    if offer.currency != subscription.currency:
        raise SwitchCurrency(subscription.currency)
    other = select(Subscription.id).where(
        Subscription.publisher_id == subscription.publisher_id,
        Subscription.customer_id == subscription.customer_id,
        Subscription.offer_id == offer.id,
        Subscription.status.in_(RUNNING),
        Subscription.id != subscription.id,
    )
    known = session.scalars(other.limit(1)).one_or_none()
    if known is not None:
        raise AlreadySubscribed(known)


def may_undo_switch(subscription: Subscription) -> None:
    """Keeping the offer. Raises NoPendingSwitch."""
    if subscription.pending_offer_id is None:
        raise NoPendingSwitch


def pending_payment(session: Session, subscription_id: str) -> str | None:
    """The transaction of a charge for this subscription whose outcome isn't known."""
    # Written out: by a parameter the index of pending ones would not be found.
    mine = (Transaction.subscription_id == subscription_id, Transaction.status == literal_column("'pending'"))
    return session.scalars(select(Transaction.id).where(*mine).order_by(Transaction.id).limit(1)).one_or_none()


def last_payment(session: Session, subscription: Subscription) -> Transaction | None:
    """The transaction that paid for the present period last."""
    mine = select(Transaction).where(
        Transaction.subscription_id == subscription.id,
        Transaction.period_number == subscription.period_number,
        Transaction.status.in_(SETTLED),
    )
    return session.scalars(mine.order_by(Transaction.id.desc()).limit(1)).one_or_none()


def _running(subscription: Subscription) -> None:
    if not subscription.is_running:
        raise SubscriptionEnded


def _nothing_pending(session: Session, subscription: Subscription) -> None:
    pending = pending_payment(session, subscription.id)
    if pending is not None:
        raise PaymentPending(pending)
