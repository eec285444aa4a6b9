"""Access, as it is shown."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from services.billing.models.access import Access
from services.billing.models.offers import Offer
from services.billing.views.common import (
    CUSTOMER_ID,
    SUBSCRIPTION_ID,
    TRANSACTION_ID,
    OfferRef,
    cursor_field,
    moment,
    offer_ref,
    text_field,
    time_field,
    version_field,
)


def access_state(row: Access, offer: Offer) -> dict[str, Any]:
    """The full public state, ready for JSON."""
    return {
        "id": row.id,
        "customer_id": row.customer_id,
        "offer": offer_ref(offer),
        "subscription_id": row.subscription_id,
        "transaction_id": row.transaction_id,
        "starts_at": rfc3339(row.starts_at),
        "ends_at": moment(row.ends_at),
        "reason": row.reason,
        "ended_at": moment(row.ended_at),
        "version": row.version,
    }


class AccessState(Schema):
    """Until when a customer may use an offer, and why."""

    id = text_field("Its ID.", "acc_06h5yvkg1scm7h3b8k5rqt2xzw")
    customer_id = text_field("Whose.", CUSTOMER_ID)
    offer = fields.Nested(OfferRef, required=True)
    subscription_id = text_field("The subscription that gives it.", SUBSCRIPTION_ID, null=True)
    transaction_id = text_field("The transaction that gave it.", TRANSACTION_ID, null=True)
    starts_at = time_field("From when.")
    ends_at = time_field("Until when; null: for good.", null=True)
    reason = text_field("Why.", enum=["purchase", "trial", "extension", "import"])
    ended_at = time_field("When it was over; null while it isn't.", null=True)
    version = version_field()


class AccessPage(Schema):
    """Some of a customer's access, newest first."""

    items = fields.List(fields.Nested(AccessState), required=True)
    next_cursor = cursor_field()
