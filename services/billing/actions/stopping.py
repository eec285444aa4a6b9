"""What ends with money that was given back, or never came: access, renewals."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.access import access_of, end_access
from services.billing.actions.subscriptions import expire_subscription
from services.billing.models.subscriptions import Subscription

CANCELLED = "cancelled"
"""Why a subscription ended that somebody cancelled."""


def stop_renewals(session: Session, subscription: Subscription, *, reason: str | None = None, now: datetime) -> None:
    """No further period is charged. What is paid for stays until its end; a period that is over ends at once.

    While a charge is under way its outcome decides until when that is. ``reason`` is in somebody's own words. Doing it
    again changes nothing.
    """
    if not subscription.is_running or subscription.status == "cancelled":
        return
    subscription.cancel_at_period_end = True
    subscription.cancelled_at, subscription.cancellation_reason = now, reason
    if subscription.charging_since is None and subscription.current_period_end <= now:
        end_with_period(session, subscription, reason=CANCELLED, now=now)
        return
    subscription.status_before = "trialing" if subscription.status == "trialing" else "active"
    subscription.status = "cancelled"
    subscription.pending_offer_id = subscription.pending_price_minor = None
    if subscription.charging_since is None:
        subscription.next_attempt_at = subscription.current_period_end
    subscription.version += 1
    events.publish_subscription(session, events.SUBSCRIPTION_CANCELLED, subscription, now=now)


def end_with_period(session: Session, subscription: Subscription, *, reason: str, now: datetime) -> None:
    """The subscription's time is over, and so is its access, unless somebody extended that."""
    expire_subscription(session, subscription, reason=reason, now=now)
    access = access_of(session, subscription.id)
    if access is not None and access.ends_at is not None and access.ends_at <= now:
        end_access(session, access, expired=True, now=now)


def end_now(session: Session, subscription: Subscription, *, reason: str, now: datetime) -> None:
    """The subscription ends, and its access with it. Doing it again changes nothing."""
    expire_subscription(session, subscription, reason=reason, now=now)
    access = access_of(session, subscription.id)
    if access is not None:
        end_access(session, access, now=now)
