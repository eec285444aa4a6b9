"""Beginning a subscription, and each of its periods."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.billing import events
from services.billing.actions.access import follow_subscription
from services.billing.actions.accounts import lock_account, lock_open_account
from services.billing.calendar_rules import after_periods
from services.billing.errors import SubscriptionNotFound
from services.billing.models.accounts import Account
from services.billing.models.offers import Offer
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import RUNNING, Subscription
from services.billing.models.transactions import Transaction
from services.billing.queries.rows import find, find_locked


def running_subscription(session: Session, publisher_id: str, customer_id: str, offer_id: str) -> Subscription | None:
    """The customer's subscription to this offer that has not ended, locked."""
    return session.scalars(
        select(Subscription)
        .where(
            Subscription.publisher_id == publisher_id,
            Subscription.customer_id == customer_id,
            Subscription.offer_id == offer_id,
            Subscription.status.in_(RUNNING),
        )
        .order_by(Subscription.id)
        .limit(1)
        .with_for_update()
    ).one_or_none()


def had_subscription(session: Session, publisher_id: str, customer_id: str, offer_id: str) -> bool:
    """Whether the customer ever had this subscription: a trial is given once."""
    mine = (
        Subscription.publisher_id == publisher_id,
        Subscription.customer_id == customer_id,
        Subscription.offer_id == offer_id,
    )
    return session.scalars(select(Subscription.id).where(*mine).limit(1)).one_or_none() is not None


def locked_subscription(
    session: Session, publisher_id: str, subscription_id: str, *, open_only: bool = False
) -> tuple[Account, Subscription]:
    """A subscription and its customer's account, both locked: the first step of a change.

    ``open_only``: for what a closed account doesn't take. Raises SubscriptionNotFound, CustomerErased, AccountClosed.
    """
    found = find(session, Subscription, publisher_id, subscription_id, SubscriptionNotFound)
    lock = lock_open_account if open_only else lock_account
    account = lock(session, publisher_id, found.customer_id)
    return account, find_locked(session, Subscription, publisher_id, subscription_id, SubscriptionNotFound)


def start_trial(
    session: Session, offer: Offer, method: PaymentMethod, *, customer_id: str, time_zone: str, now: datetime
) -> Subscription:
    """A subscription that costs nothing at first; the first charge comes when the trial ends."""
    ends = now + timedelta(days=offer.trial_days)
    subscription = _new(offer, customer_id=customer_id, time_zone=time_zone, now=now)
    subscription.status, subscription.trial_end = "trialing", ends
    subscription.anchor_at, subscription.period_number = ends, 0
    subscription.current_period_end = subscription.next_attempt_at = ends
    subscription.channel, subscription.provider = "web", method.provider
    subscription.payment_method_id = method.id
    return _begun(session, subscription, now)


def start_subscription(
    session: Session, offer: Offer, paid: Transaction, *, time_zone: str, external_id: str | None = None,
    until: datetime | None = None, renews_itself: bool = False, now: datetime,
) -> Subscription:  # fmt: skip
    """The subscription that a settled purchase begins. A store says itself ``until`` when is paid, and renews it."""
    subscription = _new(offer, customer_id=paid.customer_id, time_zone=time_zone, now=now)
    subscription.started_at = subscription.anchor_at = subscription.current_period_start = paid.created_at
    subscription.period_number = 1
    unit, count = subscription.period_unit, subscription.period_count
    ends = until or after_periods(subscription.anchor_at, unit, count, 1, time_zone)
    subscription.current_period_end = ends
    subscription.next_attempt_at = ends
    subscription.price_minor, subscription.currency = paid.amount_minor, paid.currency
    subscription.channel, subscription.provider = paid.channel, paid.provider
    subscription.payment_method_id = None if renews_itself else paid.payment_method_id
    subscription.external_id = external_id
    paid.subscription_id = subscription.id
    paid.period_number, paid.period_start, paid.period_end = 1, subscription.current_period_start, ends
    return _begun(session, subscription, now)


def renew_subscription(
    session: Session, subscription: Subscription, *, paid: Transaction | None = None, until: datetime | None = None,
    now: datetime,
) -> None:  # fmt: skip
    """A period is paid for: ``paid``'s, or else the one after the present. ``until`` is a store's own word.

    With ``paid`` of another offer the subscription changes to that one. One that a store renews goes on even if it had
    expired here.
    """
    number, starts, ends = _period_of(subscription, paid) or coming_period(subscription)
    if paid is not None:
        paid.period_number, paid.period_start, paid.period_end = number, starts, until or ends
        pay_as(subscription, paid)
    switched = paid is not None and paid.offer_id != subscription.offer_id
    if paid is not None and switched:
        take_offer(subscription, events.offer_of(session, paid.offer_id), price_minor=paid.amount_minor)
        subscription.anchor_at, subscription.periods_before = (
            subscription.current_period_end,
            subscription.period_number,
        )
    late = subscription.past_due_since is not None
    subscription.period_number = number
    subscription.current_period_start, subscription.current_period_end = starts, until or ends
    _now_paid(subscription)
    subscription.version += 1
    follow_subscription(session, subscription, until=subscription.current_period_end, exactly=late, now=now)
    if switched:
        events.publish_subscription(session, events.SUBSCRIPTION_SWITCHED, subscription, now=now)
        subscription.version += 1
    events.publish_subscription(session, events.SUBSCRIPTION_RENEWED, subscription, now=now)


def take_offer(subscription: Subscription, offer: Offer, *, price_minor: int) -> None:
    """Have another offer from now on, at this price, by its periods; the caller says when they are counted from."""
    if offer.period_unit is None or offer.period_count is None:
        raise ValueError(f"{offer.id} is no recurring offer")
    subscription.offer_id, subscription.price_minor = offer.id, price_minor
    subscription.period_unit, subscription.period_count = offer.period_unit, offer.period_count
    subscription.pending_offer_id = subscription.pending_price_minor = None


def coming_period(
    subscription: Subscription, *, offer: Offer | None = None, now: datetime | None = None
) -> tuple[int, datetime, datetime]:
    """Number, start and end of the period after the present one, by ``offer``'s periods if it changes to that.

    Periods that are over at ``now`` are skipped: nobody pays for what they can't use any more.
    """
    anchor, before = subscription.anchor_at, subscription.periods_before
    unit, count, zone = subscription.period_unit, subscription.period_count, subscription.time_zone
    if offer is not None and offer.period_unit is not None and offer.period_count is not None:
        anchor, before = subscription.current_period_end, subscription.period_number
        unit, count = offer.period_unit, offer.period_count
    number = subscription.period_number + 1
    starts, ends = subscription.current_period_end, after_periods(anchor, unit, count, number - before, zone)
    while now is not None and ends <= now:
        number += 1
        starts, ends = ends, after_periods(anchor, unit, count, number - before, zone)
    return number, starts, ends


def _period_of(subscription: Subscription, paid: Transaction | None) -> tuple[int, datetime, datetime] | None:
    if paid is None or paid.period_number is None or paid.period_start is None:
        return None
    starts, unit, count = paid.period_start, subscription.period_unit, subscription.period_count
    ends = paid.period_end or after_periods(starts, unit, count, 1, subscription.time_zone)
    return paid.period_number, starts, ends


def pay_as(subscription: Subscription, paid: Transaction) -> None:
    """Details that worked in place of others are the ones to charge from now on."""
    if subscription.is_charged_here and paid.payment_method_id is not None:
        subscription.payment_method_id, subscription.provider = paid.payment_method_id, paid.provider


def _now_paid(subscription: Subscription) -> None:
    forget_attempts(subscription)
    subscription.next_attempt_at = subscription.current_period_end
    if subscription.status == "cancelled":
        subscription.status_before = "active"
        return
    subscription.status, subscription.status_before = "active", None
    subscription.ended_at = subscription.ended_reason = None


def forget_attempts(subscription: Subscription) -> None:
    """No charge for the coming period was tried yet."""
    subscription.attempt = 0
    subscription.charging_since = subscription.past_due_since = subscription.declined_method_id = None
    subscription.claimed_until = subscription.switching_price_minor = None


def expire_subscription(session: Session, subscription: Subscription, *, reason: str, now: datetime) -> None:
    """A subscription has ended. What becomes of its access is the caller's to say."""
    if subscription.status == "expired":
        return
    subscription.status, subscription.status_before = "expired", None
    subscription.ended_at, subscription.ended_reason = now, reason
    forget_attempts(subscription)
    subscription.next_attempt_at = None
    subscription.pending_offer_id = subscription.pending_price_minor = None
    subscription.version += 1
    events.publish_subscription(session, events.SUBSCRIPTION_EXPIRED, subscription, now=now)


def _new(offer: Offer, *, customer_id: str, time_zone: str, now: datetime) -> Subscription:
    if offer.period_unit is None or offer.period_count is None:
        raise ValueError(f"{offer.id} is no recurring offer")
    return Subscription(
        id=new_id("sub"),
        publisher_id=offer.publisher_id,
        customer_id=customer_id,
        offer_id=offer.id,
        status="active",
        price_minor=offer.price_minor,
        currency=offer.currency,
        period_unit=offer.period_unit,
        period_count=offer.period_count,
        time_zone=time_zone,
        started_at=now,
        anchor_at=now,
        current_period_start=now,
        periods_before=0,
        cancel_at_period_end=False,
        attempt=0,
        origin="live",
        version=1,
    )


def _begun(session: Session, subscription: Subscription, now: datetime) -> Subscription:
    session.add(subscription)
    session.flush()
    events.publish_subscription(session, events.SUBSCRIPTION_STARTED, subscription, now=now)
    follow_subscription(session, subscription, until=subscription.current_period_end, now=now)
    return subscription
