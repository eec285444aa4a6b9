"""What a switch to another offer comes to today: the credit for unused time, and the first period of the new offer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.billing.calendar_rules import after_periods
from services.billing.models.offers import Offer
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.money import share_of

LONGEST = timedelta(days=3_660)


@dataclass(frozen=True, slots=True)
class Proration:
    """A switch now. ``credit_minor``: what the unused time is worth; ``due_minor``: what is charged, never negative.

    ``lengthened``: credit was left and made the first period longer than a period is.
    """

    credit_minor: int
    due_minor: int
    ends_at: datetime
    lengthened: bool = False


class CreditTooLarge(ValueError):
    """The credit would pay for the new offer for longer than ten years, or for ever."""


def prorate(session: Session, subscription: Subscription, offer: Offer, *, now: datetime) -> Proration:
    """What switching now costs. Credit beyond the new price makes the first period longer. Raises CreditTooLarge."""
    credit = unused_credit(session, subscription, now=now)
    zone, unit, count = subscription.time_zone, offer.period_unit or "month", offer.period_count or 1
    ends = after_periods(now, unit, count, 1, zone)
    if credit <= offer.price_minor:
        return Proration(credit, offer.price_minor - credit, ends)
    if offer.price_minor == 0:
        raise CreditTooLarge
    whole, rest = divmod(credit, offer.price_minor)
    if (ends - now) * whole > LONGEST:
        raise CreditTooLarge
    ends, following = (after_periods(now, unit, count, number, zone) for number in (whole, whole + 1))
    seconds = share_of(int((following - ends).total_seconds()), rest, offer.price_minor)
    return Proration(credit, 0, ends + timedelta(seconds=seconds), lengthened=True)


def unused_credit(session: Session, subscription: Subscription, *, now: datetime) -> int:
    """What the rest of the present period is worth, in minor units: its share of the price, less what was given back.

    A trial is worth nothing.
    """
    if subscription.status == "trialing":
        return 0
    given_back = session.scalar(
        select(func.coalesce(func.sum(Transaction.refunded_minor + Transaction.refunding_minor), 0)).where(
            Transaction.subscription_id == subscription.id, Transaction.period_number == subscription.period_number
        )
    )
    return max(0, unused_share(subscription, subscription.price_minor, now=now) - int(given_back or 0))


def unused_share(subscription: Subscription, amount_minor: int, *, now: datetime) -> int:
    """The part of an amount, paid for the present period, that falls to what is left of it; to the second."""
    starts, ends = subscription.current_period_start, subscription.current_period_end
    whole = int((ends - starts).total_seconds())
    left = int((ends - max(now, starts)).total_seconds())
    return 0 if whole <= 0 or left <= 0 else share_of(amount_minor, left, whole)
