"""Cancelling a subscription: with its period, or at once; and undoing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.access import access_of, end_access
from services.billing.actions.accounts import settle_account
from services.billing.actions.dunning import CANCELLED, end_with_period
from services.billing.actions.subscriptions import expire_subscription, locked_subscription
from services.billing.intents import intend
from services.billing.models.operations import Operation
from services.billing.models.subscriptions import Subscription
from services.billing.providers.orders import CancelOrder
from services.billing.providers.port import Capabilities
from services.billing.queries.subscription_rules import may_cancel, may_cancel_now, may_resume


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What cancelling came to: an operation, if a provider has something to do."""

    subscription: Subscription
    operation: Operation | None = None


def cancel_with_period(
    session: Session, *, publisher_id: str, subscription_id: str, reason: str | None, capabilities: Capabilities,
    requested_by: str, now: datetime,
) -> Cancellation:  # fmt: skip
    """Have a subscription end with its period; access stays until then. A store is told, where it takes that.

    One whose period is over, as its payment failed, ends at once. ``capabilities`` are its provider's. Raises
    SubscriptionNotFound, CustomerErased, and what ``may_cancel`` raises.
    """
    account, subscription = locked_subscription(session, publisher_id, subscription_id)
    may_cancel(session, subscription, capabilities)
    operation = None
    if subscription.is_charged_here:
        mark_cancelled(session, subscription, reason=reason, now=now)
    else:
        reference = subscription.external_id or ""
        operation = intend(
            session, publisher_id=publisher_id, customer_id=account.customer_id, provider=subscription.provider,
            subject_id=subscription.id, requested_by=requested_by, now=now,
            order=lambda key: CancelOrder(key=key, subscription_reference=reference),
        )  # fmt: skip
        operation.request = {**operation.request, "reason": reason}
    settle_account(session, account, now=now)
    return Cancellation(subscription, operation)


def mark_cancelled(session: Session, subscription: Subscription, *, reason: str | None, now: datetime) -> None:
    """The subscription ends with its period, or now if that is over. Doing it again changes nothing.

    While a charge is under way its outcome decides until when that is.
    """
    if not subscription.is_running or subscription.status == "cancelled":
        return
    _noted(subscription, reason, now)
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


def cancel_now(
    session: Session, *, publisher_id: str, subscription_id: str, reason: str | None, now: datetime
) -> Cancellation:
    """End a subscription and its access at once.

    Raises SubscriptionNotFound, CustomerErased, SubscriptionEnded, StoreManaged, PaymentPending.
    """
    account, subscription = locked_subscription(session, publisher_id, subscription_id)
    may_cancel_now(session, subscription)
    _noted(subscription, reason, now)
    expire_subscription(session, subscription, reason=CANCELLED, now=now)
    access = access_of(session, subscription.id)
    if access is not None:
        end_access(session, access, now=now)
    settle_account(session, account, now=now)
    return Cancellation(subscription)


def resume_subscription(session: Session, *, publisher_id: str, subscription_id: str, now: datetime) -> Subscription:
    """Undo a cancellation while its period runs.

    Raises SubscriptionNotFound, CustomerErased, AccountClosed, SubscriptionEnded, NotCancelled, StoreManaged.
    """
    account, subscription = locked_subscription(session, publisher_id, subscription_id, open_only=True)
    may_resume(subscription, now=now)
    subscription.status, subscription.status_before = subscription.status_before or "active", None
    subscription.cancel_at_period_end = False
    subscription.cancelled_at = subscription.cancellation_reason = None
    subscription.version += 1
    events.publish_subscription(session, events.SUBSCRIPTION_RESUMED, subscription, now=now)
    settle_account(session, account, now=now)
    return subscription


def _noted(subscription: Subscription, reason: str | None, now: datetime) -> None:
    subscription.cancel_at_period_end = True
    subscription.cancelled_at, subscription.cancellation_reason = now, reason
