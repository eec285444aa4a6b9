"""When a renewal's payment fails: tried again on the publisher's schedule, then the subscription expires."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.access import follow_subscription
from services.billing.actions.stopping import CANCELLED, end_with_period
from services.billing.calendar_rules import after_periods
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.queries.settings import billing_settings

PAYMENT_FAILED = "payment_failed"


def payment_failed(session: Session, transaction: Transaction, *, may_recover: bool, now: datetime) -> None:
    """A charge for a subscription came to nothing: the next try is set, or the subscription expires.

    A late word about an attempt that isn't the last one changes nothing. The caller settles the account.
    """
    subscription = session.get(
        Subscription, transaction.subscription_id or "", with_for_update=True, populate_existing=True
    )
    if subscription is None or not subscription.is_running or subscription.charging_since is None:
        return
    if transaction.kind == "switch":
        payment_called_off(session, subscription, now=now)
    elif transaction.attempt == subscription.attempt:
        if not may_recover:
            subscription.declined_method_id = transaction.payment_method_id
        _try_again_or_expire(session, subscription, now)


def payment_called_off(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """The charge that was under way is no more, and nothing failed: what comes next comes when it was to come."""
    if not subscription.is_running or subscription.charging_since is None:
        return
    due = subscription.current_period_end if subscription.past_due_since is None else now
    subscription.next_attempt_at, subscription.charging_since = due, None
    subscription.switching_price_minor = subscription.claimed_until = None
    subscription.version += 1
    events.publish_subscription(session, events.SUBSCRIPTION_CHANGED, subscription, now=now)


def _try_again_or_expire(session: Session, subscription: Subscription, now: datetime) -> None:
    if subscription.cancel_at_period_end:
        end_with_period(session, subscription, reason=CANCELLED, now=now)
        return
    since = subscription.past_due_since or now
    again = _next_try(session, subscription, since, now)
    if again is None:
        # Access was kept until this very try.
        end_with_period(session, subscription, reason=PAYMENT_FAILED, now=now)
        return
    subscription.status, subscription.past_due_since = "past_due", since
    subscription.next_attempt_at, subscription.charging_since = again, None
    subscription.claimed_until = None
    subscription.version += 1
    follow_subscription(session, subscription, until=again, now=now)
    events.publish_subscription(session, events.SUBSCRIPTION_PAST_DUE, subscription, now=now)


def _next_try(session: Session, subscription: Subscription, since: datetime, now: datetime) -> datetime | None:
    """The next of the schedule's days that isn't over: tries that were missed are not made up for."""
    for days in billing_settings(session, subscription.publisher_id).dunning_days:
        at = after_periods(since, "day", days, 1, subscription.time_zone)
        if at > now:
            return at
    return None
