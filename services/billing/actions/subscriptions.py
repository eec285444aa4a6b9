"""Beginning a subscription, and each of its periods."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.billing import events
from services.billing.actions.access import follow_subscription
from services.billing.calendar_rules import after_periods
from services.billing.models.offers import Offer
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import RUNNING, Subscription
from services.billing.models.transactions import Transaction


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
    session: Session, subscription: Subscription, *, until: datetime | None = None, now: datetime
) -> None:
    """The coming period is paid for: it begins where the present one ends. ``until`` is a store's own word."""
    number = subscription.period_number + 1
    subscription.current_period_start = subscription.current_period_end
    subscription.current_period_end = until or after_periods(
        subscription.anchor_at, subscription.period_unit, subscription.period_count, number, subscription.time_zone
    )
    subscription.period_number, subscription.attempt = number, 0
    subscription.next_attempt_at = subscription.current_period_end
    if subscription.status in ("trialing", "past_due"):
        subscription.status = "active"
    subscription.status_before = "active" if subscription.status == "cancelled" else None
    subscription.version += 1
    follow_subscription(session, subscription, until=subscription.current_period_end, now=now)
    events.publish_subscription(session, events.SUBSCRIPTION_RENEWED, subscription, now=now)


def coming_period(subscription: Subscription) -> tuple[int, datetime, datetime]:
    """Number, start and end of the period after the present one."""
    number = subscription.period_number + 1
    ends = after_periods(
        subscription.anchor_at, subscription.period_unit, subscription.period_count, number, subscription.time_zone
    )
    return number, subscription.current_period_end, ends


def expire_subscription(session: Session, subscription: Subscription, *, reason: str, now: datetime) -> None:
    """A subscription has ended. What becomes of its access is the caller's to say."""
    if subscription.status == "expired":
        return
    subscription.status, subscription.status_before = "expired", None
    subscription.ended_at, subscription.ended_reason = now, reason
    subscription.next_attempt_at = None
    subscription.pending_offer_id = None
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
