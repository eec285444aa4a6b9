"""Cancelling a subscription: with its period, or at once; and undoing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.accounts import settle_account
from services.billing.actions.refunds import give_back
from services.billing.actions.stopping import CANCELLED, end_now, stop_renewals
from services.billing.actions.subscriptions import locked_subscription
from services.billing.intents import intend
from services.billing.models.operations import Operation
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Refund
from services.billing.providers.orders import CancelOrder
from services.billing.providers.port import Capabilities
from services.billing.queries.giving_back import refundable, require_refundable
from services.billing.queries.subscription_rules import may_cancel, may_cancel_now, may_resume


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What cancelling came to: an operation, if a provider has something to do; a refund, if money goes back."""

    subscription: Subscription
    operation: Operation | None = None
    refund: Refund | None = None


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
        stop_renewals(session, subscription, reason=reason, now=now)
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


def cancel_now(
    session: Session, *, publisher_id: str, subscription_id: str, reason: str | None, give_back_as: str,
    capabilities: Capabilities, requested_by: str, now: datetime,
) -> Cancellation:  # fmt: skip
    """End a subscription and its access at once.

    ``give_back_as``: ``none``; ``full``, what is left of the present period's last payment; ``prorated``, no more of it
    than falls to the rest of the period. Raises SubscriptionNotFound, CustomerErased, SubscriptionEnded, StoreManaged,
    PaymentPending, NothingToRefund, and why the payment can't be refunded.
    """
    account, subscription = locked_subscription(session, publisher_id, subscription_id)
    may_cancel_now(session, subscription)
    refund = operation = None
    if give_back_as != "none":
        paid, amount = refundable(session, subscription, prorated=give_back_as == "prorated", now=now)
        require_refundable(session, paid, amount, capabilities, now=now)
        refund, operation = give_back(
            session, paid, amount, reason="requested_by_customer", comment=reason, ends_access=False,
            stops_renewals=False, requested_by=requested_by, now=now,
        )  # fmt: skip
    subscription.cancelled_at, subscription.cancellation_reason = now, reason
    end_now(session, subscription, reason=CANCELLED, now=now)
    settle_account(session, account, now=now)
    return Cancellation(subscription, operation, refund)


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
