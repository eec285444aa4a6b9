"""Payment details, as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from servicekit.web.describing import described, personal
from servicekit.web.masking import masked_field
from services.billing.models.payment_methods import PaymentMethod
from services.billing.views.common import (
    CUSTOMER_ID,
    PAYMENT_METHOD_ID,
    SUBSCRIPTION_ID,
    MoneyView,
    OfferRef,
    cursor_field,
    moment,
    text_field,
    time_field,
    version_field,
)

METHOD_KINDS = ("card", "paypal", "sepa_debit", "store", "other")


def payment_method_state(method: PaymentMethod, *, now: datetime) -> dict[str, Any]:
    """The full public state, ready for JSON."""
    return {
        "id": method.id,
        "customer_id": method.customer_id,
        "provider": method.provider,
        "kind": method.kind,
        "brand": method.brand,
        "last4": method.last4,
        "expiry_month": method.expiry_month,
        "expiry_year": method.expiry_year,
        "expired": is_expired(method, now),
        "is_default": method.is_default,
        "status": method.status,
        "created_at": rfc3339(method.created_at),
        "detached_at": moment(method.detached_at),
        "version": method.version,
    }


def is_expired(method: PaymentMethod, now: datetime) -> bool:
    """Whether a card is past its last month (UTC)."""
    if method.expiry_year is None or method.expiry_month is None:
        return False
    return (method.expiry_year, method.expiry_month) < (now.year, now.month)


def method_ref(method: PaymentMethod) -> dict[str, Any]:
    """What is remembered of payment details with a transaction."""
    return {"id": method.id, "kind": method.kind, "brand": method.brand, "last4": method.last4}


class PaymentMethodRef(Schema):
    """Which payment details were used."""

    id = text_field("Its ID; null where the details are not on file here.", PAYMENT_METHOD_ID, null=True)
    kind = text_field("What kind; null only in masked answers.", "card", null=True, enum=[*METHOD_KINDS, None])
    brand = fields.String(required=True, allow_none=True, metadata=personal("The card's brand.", "visa", hidden=False))
    last4 = fields.String(required=True, allow_none=True, metadata=personal("The last four digits.", "4242"))


class PaymentMethodState(Schema):
    """Payment details on file. Never a card number."""

    id = text_field("Its ID.", PAYMENT_METHOD_ID)
    customer_id = text_field("Whose.", CUSTOMER_ID)
    provider = text_field("Who keeps the details.", "stripe")
    kind = text_field("What kind.", "card", enum=[*METHOD_KINDS])
    brand = fields.String(required=True, allow_none=True, metadata=personal("The card's brand.", "visa", hidden=False))
    last4 = fields.String(required=True, allow_none=True, metadata=personal("The last four digits.", "4242"))
    expiry_month = fields.Integer(
        required=True, allow_none=True, metadata=personal("The card's last month, 1 to 12.", 8)
    )
    expiry_year = fields.Integer(required=True, allow_none=True, metadata=personal("And its year.", 2030))
    expired = fields.Boolean(required=True, metadata=described("Whether that month is over.", False))
    is_default = fields.Boolean(required=True, metadata=described("Whether purchases use it if none is named.", True))
    status = text_field(
        "`detaching`: no longer used, the provider is still to be told.", enum=["active", "detaching", "detached"]
    )
    created_at = time_field("When it was put on file.")
    detached_at = time_field("When it was deleted.", null=True)
    version = version_field()


class PaymentMethodView(PaymentMethodState):
    """Payment details on file. Never a card number."""

    masked = masked_field()


class StoreRefusal(Schema):
    """Something that can't be done here about a store's purchases."""

    action = text_field("What.", "refund", enum=["charge", "refund", "cancel", "delete"])
    code = text_field("The code of the error that it would get.", "store_managed")
    reason = text_field("Why, and what the customer does instead.", "Only Apple refunds purchases in the App Store.")


class StoreView(Schema):
    """A store where the customer pays: it keeps the payment details, not we."""

    channel = text_field("Which.", "apple")
    name = text_field("Its name.", "App Store")
    subscription_ids = fields.List(
        fields.String(metadata={"personal": False, "example": SUBSCRIPTION_ID}),
        required=True,
        metadata=described("The subscriptions paid there."),
    )
    refusals = fields.List(fields.Nested(StoreRefusal), required=True)


class PaymentMethodPage(Schema):
    """Some payment details, newest first, and the stores where the customer pays."""

    items = fields.List(fields.Nested(PaymentMethodView), required=True)
    stores = fields.List(fields.Nested(StoreView), required=True)
    next_cursor = cursor_field()


class DeletionConsequence(Schema):
    """Something that the deletion of payment details means."""

    code = text_field("What.", enum=["renewal_without_method", "renewal_moves", "last_method", "default_gone"])
    text = text_field("In words.", "Premium, monthly: 12.99 EUR can't be charged on 2026-04-30.")
    subscription_id = text_field("The subscription concerned.", SUBSCRIPTION_ID, null=True)
    offer = fields.Nested(OfferRef, required=True, allow_none=True, metadata=described("What it is paid for."))
    at = time_field("When it is charged next.", null=True)
    amount = fields.Nested(MoneyView, required=True, allow_none=True, metadata=described("How much."))
    payment_method_id = text_field("What is charged instead.", PAYMENT_METHOD_ID, null=True)


class DeletionConsequences(Schema):
    """What the deletion of payment details means."""

    allowed = fields.Boolean(required=True, metadata=described("Whether they can be deleted now.", True))
    code = text_field("Why not: the code of the error.", null=True)
    reason = text_field("Why not, in words.", null=True)
    items = fields.List(fields.Nested(DeletionConsequence), required=True)
    next_cursor = cursor_field()
