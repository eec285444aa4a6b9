"""What ends with money that was given back, or never came: access, renewals."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.access import access_of, end_access
from services.billing.actions.subscriptions import expire_subscription
from services.billing.models.subscriptions import Subscription


def stop_renewals(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """No further period is charged. What is paid for stays until its end; a period that is over ends at once.

    Doing it again changes nothing.
    """
    if not subscription.is_running:
        return
    if subscription.current_period_end <= now:
        expire_subscription(session, subscription, reason="cancelled", now=now)
        access = access_of(session, subscription.id)
        if access is not None and access.ends_at is not None and access.ends_at <= now:
            end_access(session, access, now=now, expired=True)
    elif subscription.status != "cancelled":
        subscription.status_before = "trialing" if subscription.status == "trialing" else "active"
        subscription.status, subscription.cancel_at_period_end, subscription.cancelled_at = "cancelled", True, now
        subscription.next_attempt_at = subscription.current_period_end
        subscription.pending_offer_id = None
        subscription.version += 1
        events.publish_subscription(session, events.SUBSCRIPTION_CANCELLED, subscription, now=now)


def end_now(session: Session, subscription: Subscription, *, reason: str, now: datetime) -> None:
    """The subscription ends, and its access with it. Doing it again changes nothing."""
    expire_subscription(session, subscription, reason=reason, now=now)
    access = access_of(session, subscription.id)
    if access is not None:
        end_access(session, access, now=now)
