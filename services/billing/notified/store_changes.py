"""A store tells that one of its subscriptions is in another state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from servicekit.events import EventType
from services.billing import events
from services.billing.actions.access import access_of, end_access, follow_subscription
from services.billing.actions.accounts import lock_for_outcome, settle_account
from services.billing.actions.subscriptions import expire_subscription
from services.billing.models.accounts import Account
from services.billing.models.subscriptions import Subscription
from services.billing.notified.people import customer_of
from services.billing.notified.store_payments import subscription_of
from services.billing.notified.telling import NotKnownYet, Telling
from services.billing.providers.notifications import StoreChange


def store_change(session: Session, telling: Telling, fact: StoreChange) -> None:
    """Follow a store's subscription. What is older than what is known changes nothing. Raises NotKnownYet."""
    found = subscription_of(session, telling, fact.subscription_reference)
    if found is None:
        customer = customer_of(session, telling.publisher_id, fact.account)
        if customer is not None and (customer.erased or _is_closed(session, customer.customer_id)):
            return  # nothing was begun there that could change
        raise NotKnownYet("No subscription with this reference is known.")
    account = lock_for_outcome(session, telling.publisher_id, found.customer_id)
    session.refresh(found, with_for_update=True)
    if found.told_at is not None and telling.at < found.told_at:
        return
    found.told_at = telling.at
    _CHANGES[fact.status](session, telling, fact, found)
    settle_account(session, account, now=telling.now)


def _is_closed(session: Session, customer_id: str) -> bool:
    account = session.get(Account, customer_id)
    return account is not None and account.status == "closed"


def _renews(session: Session, telling: Telling, fact: StoreChange, subscription: Subscription) -> None:
    resumed = subscription.status == "cancelled"
    recovered = subscription.status == "past_due"
    longer = fact.until is not None and fact.until > subscription.current_period_end
    if subscription.status == "expired" or not (resumed or recovered or longer):
        return
    if resumed or recovered:
        subscription.status, subscription.status_before = subscription.status_before or "active", None
        subscription.cancel_at_period_end, subscription.cancelled_at = False, None
        subscription.cancellation_reason = None
    if longer and fact.until is not None:
        subscription.current_period_end = subscription.next_attempt_at = fact.until
        follow_subscription(session, subscription, until=fact.until, now=telling.now)
    kind = events.SUBSCRIPTION_RESUMED if resumed else events.SUBSCRIPTION_CHANGED
    _publish(session, telling, subscription, kind)


def _cancelled(session: Session, telling: Telling, fact: StoreChange, subscription: Subscription) -> None:
    if subscription.status not in ("trialing", "active", "past_due"):
        return
    subscription.status_before = "trialing" if subscription.status == "trialing" else "active"
    subscription.status = "cancelled"
    subscription.cancel_at_period_end, subscription.cancelled_at = True, telling.at
    subscription.cancellation_reason = fact.reason
    _publish(session, telling, subscription, events.SUBSCRIPTION_CANCELLED)


def _past_due(session: Session, telling: Telling, fact: StoreChange, subscription: Subscription) -> None:
    if subscription.status == "expired":
        return
    if fact.until is not None and fact.until > subscription.current_period_end:
        # A grace period: the customer may go on while the store tries again.
        subscription.next_attempt_at = fact.until
        follow_subscription(session, subscription, until=fact.until, now=telling.now)
    if subscription.status != "past_due":
        subscription.status = "past_due"
        _publish(session, telling, subscription, events.SUBSCRIPTION_PAST_DUE)


def _expired(session: Session, telling: Telling, fact: StoreChange, subscription: Subscription) -> None:
    expire_subscription(session, subscription, reason=fact.reason, now=telling.now)
    access = access_of(session, subscription.id)
    if access is not None and access.ends_at is not None and access.ends_at <= telling.now:
        end_access(session, access, now=telling.now, expired=True)


def _revoked(session: Session, telling: Telling, fact: StoreChange, subscription: Subscription) -> None:
    expire_subscription(session, subscription, reason=fact.reason, now=telling.now)
    access = access_of(session, subscription.id)
    if access is not None:
        end_access(session, access, now=telling.now)


def _publish(session: Session, telling: Telling, subscription: Subscription, kind: EventType) -> None:
    subscription.version += 1
    events.publish_subscription(session, kind, subscription, now=telling.now)


_CHANGES: Mapping[str, Callable[[Session, Telling, StoreChange, Subscription], None]] = {
    "active": _renews,
    "cancelled": _cancelled,
    "past_due": _past_due,
    "expired": _expired,
    "revoked": _revoked,
}
