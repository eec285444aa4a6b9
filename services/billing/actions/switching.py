"""A subscription has another offer: what that does to its periods and its access."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.access import follow_subscription
from services.billing.actions.subscriptions import forget_attempts, pay_as, take_offer
from services.billing.models.offers import Offer
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction


def switch_subscription(session: Session, subscription: Subscription, *, paid: Transaction, now: datetime) -> None:
    """A switch was paid for: the new offer's first period began when it was asked for."""
    if paid.period_start is None or paid.period_end is None or not subscription.is_running:
        return
    offer = events.offer_of(session, paid.offer_id)
    price = subscription.switching_price_minor
    pay_as(subscription, paid)
    begin_switched(
        session, subscription, offer, price_minor=offer.price_minor if price is None else price,
        starts=paid.period_start, ends=paid.period_end, now=now,
    )  # fmt: skip
    paid.period_number = subscription.period_number


def begin_switched(
    session: Session, subscription: Subscription, offer: Offer, *, price_minor: int, starts: datetime, ends: datetime,
    counted_from_end: bool = False, now: datetime,
) -> None:  # fmt: skip
    """The subscription has the offer from ``starts`` on; its first period is until ``ends``.

    Further periods are counted from the start of this one, or from its end where a credit has moved that.
    """
    take_offer(subscription, offer, price_minor=price_minor)
    before = subscription.period_number
    subscription.period_number = before + 1
    subscription.anchor_at, subscription.periods_before = (ends, before + 1) if counted_from_end else (starts, before)
    subscription.current_period_start, subscription.current_period_end = starts, ends
    forget_attempts(subscription)
    subscription.next_attempt_at = ends
    subscription.version += 1
    follow_subscription(session, subscription, until=ends, exactly=True, now=now)
    events.publish_subscription(session, events.SUBSCRIPTION_SWITCHED, subscription, now=now)
