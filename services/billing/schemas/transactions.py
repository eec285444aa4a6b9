"""What the API takes about transactions."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from servicekit.web.describing import described, personal
from servicekit.web.fields import Moment
from services.billing.models.transactions import CHANNELS, STATUSES
from services.billing.schemas.common import CustomersPage

SORTS = ("-created_at", "created_at", "-amount", "amount")


class ListTransactions(CustomersPage):
    """Which transactions of a customer, in which order, and where to go on."""

    status = fields.String(
        validate=validate.OneOf(STATUSES), metadata=described("Only with this status.", enum=[*STATUSES])
    )
    channel = fields.String(validate=validate.OneOf(CHANNELS), metadata=described("Only paid there.", enum=[*CHANNELS]))
    offer_id = fields.String(validate=validate.Length(1, 64), metadata=described("Only of this offer."))
    subscription_id = fields.String(validate=validate.Length(1, 64), metadata=described("Only of this subscription."))
    external_order_id = fields.String(
        validate=validate.Length(1, 200), metadata=personal("Only the one with this order ID.", "ORDER-1001")
    )
    created_from = Moment(data_key="from", metadata=described("Only from this time on."))
    created_to = Moment(data_key="to", metadata=described("Only before this time."))
    sort = fields.String(
        load_default="-created_at",
        validate=validate.OneOf(SORTS),
        metadata=described("In which order; - is descending. Amounts are in minor units.", enum=[*SORTS]),
    )

    @validates_schema
    def _sense(self, data: dict[str, Any], **_: Any) -> None:
        if "created_from" in data and "created_to" in data and data["created_from"] >= data["created_to"]:
            raise ValidationError("Must be later than from.", "to")
