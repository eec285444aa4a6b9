"""Subscriptions, as they are shown."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from servicekit.web.describing import described, personal
from servicekit.web.masking import masked_field
from services.billing.models.offers import Offer
from services.billing.models.subscriptions import STATUSES, Subscription
from services.billing.views.common import (
    CUSTOMER_ID,
    PAYMENT_METHOD_ID,
    SUBSCRIPTION_ID,
    MoneyView,
    OfferRef,
    PeriodView,
    channel_field,
    cursor_field,
    moment,
    money,
    offer_ref,
    text_field,
    time_field,
    version_field,
)


def subscription_state(row: Subscription, offer: Offer, pending_offer: Offer | None = None) -> dict[str, Any]:
    """The full public state, ready for JSON; ``pending_offer`` is the one that it will switch to."""
    switch = (
        None if pending_offer is None else {"offer": offer_ref(pending_offer), "at": moment(row.current_period_end)}
    )
    return {
        "id": row.id,
        "customer_id": row.customer_id,
        "offer": offer_ref(offer),
        "status": row.status,
        "channel": row.channel,
        "provider": row.provider,
        "payment_method_id": row.payment_method_id,
        "external_id": row.external_id,
        "price": money(row.price_minor, row.currency),
        "period": {"unit": row.period_unit, "count": row.period_count},
        "started_at": rfc3339(row.started_at),
        "current_period_start": rfc3339(row.current_period_start),
        "current_period_end": rfc3339(row.current_period_end),
        "trial_end": moment(row.trial_end),
        "next_payment_at": moment(row.next_payment_at),
        "cancel_at_period_end": row.cancel_at_period_end,
        "cancelled_at": moment(row.cancelled_at),
        "cancellation_reason": row.cancellation_reason,
        "ended_at": moment(row.ended_at),
        "ended_reason": row.ended_reason,
        "pending_switch": switch,
        "retry": {"attempt": row.attempt, "at": moment(row.retries_at)} if row.retries_at else None,
        "origin": row.origin,
        "version": row.version,
    }


class PendingSwitchView(Schema):
    """The offer that a subscription changes to."""

    offer = fields.Nested(OfferRef, required=True)
    at = time_field("When.")


class RetryView(Schema):
    """The next try to charge for a renewal that failed."""

    attempt = fields.Integer(required=True, metadata=described("How many tries have failed.", 1))
    at = time_field("When it is tried again.")


class SubscriptionState(Schema):
    """A customer's recurring offer."""

    id = text_field("Its ID.", SUBSCRIPTION_ID)
    customer_id = text_field("Whose.", CUSTOMER_ID)
    offer = fields.Nested(OfferRef, required=True)
    status = text_field(
        "`cancelled`: ends with its period, access until then. `expired`: has ended.", "active", enum=[*STATUSES]
    )
    channel = channel_field("Where the customer pays.")
    provider = text_field("Who charges.", "stripe")
    payment_method_id = text_field("What is charged; null where a store does it.", PAYMENT_METHOD_ID, null=True)
    external_id = fields.String(
        required=True,
        allow_none=True,
        metadata=personal("Its ID at the store or elsewhere.", "GPA.3345-1234-5678-90123"),
    )
    price = fields.Nested(MoneyView, required=True, metadata=described("For each period, tax included."))
    period = fields.Nested(PeriodView, required=True)
    started_at = time_field("When it began.")
    current_period_start = time_field("Since when the present period runs.")
    current_period_end = time_field("Until when.")
    trial_end = time_field("Until when nothing is charged.", null=True)
    next_payment_at = time_field("When it is charged next; null if it isn't.", null=True)
    cancel_at_period_end = fields.Boolean(required=True, metadata=described("Whether it ends with the period.", False))
    cancelled_at = time_field("When it was cancelled.", null=True)
    cancellation_reason = fields.String(
        required=True, allow_none=True, metadata=personal("Why, in the words of who did it.", "Moves abroad")
    )
    ended_at = time_field("When it ended.", null=True)
    ended_reason = text_field("Why it ended.", "cancelled", null=True)
    pending_switch = fields.Nested(
        PendingSwitchView, required=True, allow_none=True, metadata=described("What it changes to with the period.")
    )
    retry = fields.Nested(
        RetryView,
        required=True,
        allow_none=True,
        metadata=described("Of a payment that failed: when it is tried again."),
    )
    origin = text_field("Whether it began here or was imported.", enum=["live", "import"])
    version = version_field()


class SubscriptionView(SubscriptionState):
    """A customer's recurring offer."""

    masked = masked_field()


class SubscriptionPage(Schema):
    """Some subscriptions, newest first."""

    items = fields.List(fields.Nested(SubscriptionView), required=True)
    next_cursor = cursor_field()
