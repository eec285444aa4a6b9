"""What the API takes about subscriptions and payment details."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from servicekit.web.describing import described, personal
from servicekit.web.fields import Text, TrueOrFalse
from services.billing.schemas.common import IdField

WHEN = ("period_end", "now")
GIVE_BACK = ("none", "full", "prorated")


class CancelSubscription(Schema):
    """Cancelling a subscription: with its period, or at once."""

    when = fields.String(
        load_default="period_end",
        validate=validate.OneOf(WHEN),
        metadata=described("When it ends; until then there is access.", "period_end", enum=[*WHEN]),
    )
    refund = fields.String(
        load_default="none",
        validate=validate.OneOf(GIVE_BACK),
        metadata=described(
            "Of what was paid for the present period, if it ends now: all that is left, or what falls to its rest.",
            "none",
            enum=[*GIVE_BACK],
        ),
    )
    reason = Text(
        max_length=500,
        allow_none=True,
        load_default=None,
        metadata=personal("Why, in your own words.", "Moves abroad"),
    )

    @validates_schema
    def _sense(self, data: dict[str, Any], **_: Any) -> None:
        if data["refund"] != "none" and data["when"] != "now":
            raise ValidationError("Only what ends now is refunded.", "refund")


class SwitchSubscription(Schema):
    """Changing to another offer."""

    offer_id = IdField("off", required=True, metadata=described("To which one.", "off_06h5yvkg1scm7h3b8k5rqt2xzw"))
    when = fields.String(
        required=True,
        validate=validate.OneOf(WHEN),
        metadata=described("With the end of the period, or now, for the difference.", "now", enum=[*WHEN]),
    )


class AskActions(Schema):
    """About which other offer."""

    offer_id = fields.String(
        validate=validate.Length(1, 64), metadata=described("What a switch to this offer would mean.")
    )


class EditMethod(Schema):
    """What changes of payment details."""

    is_default = TrueOrFalse(
        required=True,
        metadata=described("Whether purchases use them if none are named.", True),
    )
