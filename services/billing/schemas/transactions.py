"""What the API takes about transactions."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from servicekit.web.describing import described, personal
from servicekit.web.fields import Moment, Text, TrueOrFalse
from services.billing.models.transactions import CHANNELS, REFUND_REASONS, STATUSES
from services.billing.schemas.common import CustomersPage, MoneyField, Period, check_period

SORTS = ("-created_at", "created_at", "-amount", "amount")


def _choice(description: str) -> TrueOrFalse:
    return TrueOrFalse(metadata=described(description, True))


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


class CancelTransaction(Schema):
    """Calling a transaction off, and why."""

    reason = fields.String(
        load_default="requested_by_customer",
        validate=validate.OneOf(REFUND_REASONS),
        metadata=described("Why.", "requested_by_customer", enum=[*REFUND_REASONS]),
    )
    comment = Text(max_length=500, metadata=personal("Why, in your own words.", "Paid twice"))


class RefundTransaction(CancelTransaction):
    """Giving money back, and what ends with it."""

    reason = fields.String(
        required=True,
        validate=validate.OneOf(REFUND_REASONS),
        metadata=described("Why.", "requested_by_customer", enum=[*REFUND_REASONS]),
    )
    amount = MoneyField(metadata=described("How much, tax included; all that is left, if absent."))
    end_access = _choice("Whether access ends when the money is back. Required of a partial refund.")
    stop_renewals = _choice("Whether the subscription stops then. Required of a partial refund.")


EXTENSION: dict[str, Any] = {"duration": {"unit": "week", "count": 1}, "reason": "Could not watch for two days"}
"""An example: one of the two ways to say until when."""


class ExtendAccess(Schema):
    """Access for longer: until a time, or for a duration more."""

    until = Moment(metadata=described("Until when.", "2027-01-31T23:00:00Z"))
    duration = fields.Nested(
        Period,
        validate=check_period,
        metadata=described("How much longer: from its present end, or from now where it is over."),
    )
    reason = Text(required=True, max_length=500, metadata=personal("Why.", "Could not watch for two days"))

    @validates_schema
    def _one(self, data: dict[str, Any], **_: Any) -> None:
        if ("until" in data) == ("duration" in data):
            raise ValidationError("Give either until or duration.", "until")
