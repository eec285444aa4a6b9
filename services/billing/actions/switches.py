"""Changing a subscription to another offer: now, for the difference, or with the end of the period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.access import follow_subscription
from services.billing.actions.accounts import settle_account
from services.billing.actions.charging import begin_charge, intend_charge
from services.billing.actions.subscriptions import locked_subscription, take_offer
from services.billing.actions.switching import begin_switched
from services.billing.errors import NoPaymentMethod, OfferNotFound
from services.billing.models.accounts import Account
from services.billing.models.offers import Offer
from services.billing.models.operations import Operation
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.queries.methods import method_to_charge
from services.billing.queries.proration import CreditTooLarge, Proration, prorate
from services.billing.queries.rows import find
from services.billing.queries.subscription_rules import may_switch, may_switch_to, may_undo_switch
from services.billing.subscription_errors import SwitchOnlyAtPeriodEnd


@dataclass(frozen=True, slots=True)
class Switch:
    """What a switch came to: a transaction and an operation, if money is to be taken first."""

    subscription: Subscription
    transaction: Transaction | None = None
    operation: Operation | None = None


def switch(
    session: Session, *, publisher_id: str, subscription_id: str, offer_id: str, at_once: bool, requested_by: str,
    now: datetime,
) -> Switch:  # fmt: skip
    """Change a subscription to another recurring offer of its currency.

    With the end of the period the renewal is charged at today's price. At once the unused time is credited: what is
    missing is charged, and the change happens when it is paid; a credit beyond the price lengthens the first period.
    In a trial there is nothing to pay or credit: it goes on with the other offer.

    Raises SubscriptionNotFound, OfferNotFound, AccountClosed, what ``may_switch`` and ``may_switch_to`` raise,
    SwitchOnlyAtPeriodEnd, NoPaymentMethod.
    """
    account, subscription = locked_subscription(session, publisher_id, subscription_id, open_only=True)
    offer = find(session, Offer, publisher_id, offer_id, OfferNotFound)
    may_switch(session, subscription)
    may_switch_to(session, subscription, offer, at_once=at_once)
    if not at_once:
        made = Switch(_with_period(session, subscription, offer, now))
    elif subscription.status == "trialing":
        made = Switch(_in_trial(session, subscription, offer, now))
    else:
        made = _at_once(session, account, subscription, offer, requested_by, now)
    settle_account(session, account, now=now)
    return made


def undo_switch(session: Session, *, publisher_id: str, subscription_id: str, now: datetime) -> Subscription:
    """Keep the offer after all. Raises SubscriptionNotFound, NoPendingSwitch."""
    account, subscription = locked_subscription(session, publisher_id, subscription_id)
    may_undo_switch(subscription)
    subscription.pending_offer_id = subscription.pending_price_minor = None
    subscription.version += 1
    events.publish_subscription(session, events.SUBSCRIPTION_CHANGED, subscription, now=now)
    settle_account(session, account, now=now)
    return subscription


def _with_period(session: Session, subscription: Subscription, offer: Offer, now: datetime) -> Subscription:
    subscription.pending_offer_id = None
    if offer.id != subscription.offer_id:
        subscription.pending_offer_id, subscription.pending_price_minor = offer.id, offer.price_minor
    subscription.version += 1
    events.publish_subscription(session, events.SUBSCRIPTION_CHANGED, subscription, now=now)
    return subscription


def _in_trial(session: Session, subscription: Subscription, offer: Offer, now: datetime) -> Subscription:
    take_offer(subscription, offer, price_minor=offer.price_minor)
    subscription.version += 1
    follow_subscription(session, subscription, until=subscription.current_period_end, now=now)
    events.publish_subscription(session, events.SUBSCRIPTION_SWITCHED, subscription, now=now)
    return subscription


def _at_once(
    session: Session, account: Account, subscription: Subscription, offer: Offer, requested_by: str, now: datetime
) -> Switch:
    prorated = _prorated(session, subscription, offer, now)
    if prorated.due_minor == 0:
        begin_switched(
            session, subscription, offer, price_minor=offer.price_minor, starts=now, ends=prorated.ends_at,
            counted_from_end=prorated.lengthened, now=now,
        )  # fmt: skip
        return Switch(subscription)
    method = method_to_charge(session, subscription, now=now)
    if method is None:
        raise NoPaymentMethod
    transaction = begin_charge(
        session, account, subscription, offer, method, kind="switch", amount_minor=prorated.due_minor,
        period_start=now, period_end=prorated.ends_at, now=now,
    )  # fmt: skip
    subscription.switching_price_minor, subscription.charging_since = offer.price_minor, subscription.next_payment_at
    operation = intend_charge(session, transaction, method, requested_by=requested_by, now=now)
    return Switch(subscription, transaction, operation)


def _prorated(session: Session, subscription: Subscription, offer: Offer, now: datetime) -> Proration:
    try:
        return prorate(session, subscription, offer, now=now)
    except CreditTooLarge:
        raise SwitchOnlyAtPeriodEnd from None
