"""What the API takes about offers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from servicekit.web.describing import described
from servicekit.web.fields import Text
from services.billing.models.offers import KINDS
from services.billing.schemas.common import MoneyField, Page, Period, check_period

_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?\Z", re.ASCII)


class Percent(fields.String):
    """A tax rate in percent, as text so that it is exact."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _PERCENT.match(text) or Decimal(text) >= 100:
            raise ValidationError("Not a percentage such as 19 or 8.1: below 100, at most four decimals.")
        return Decimal(text)


class EditOffer(Schema):
    """What changes of an offer. Subscriptions keep the price and period that they were bought at."""

    external_id = Text(
        max_length=200, allow_none=True, metadata=described("The publisher's own ID of it.", "S705970293_DE")
    )
    name = Text(max_length=200, metadata=described("Its name, as customers know it.", "Premium, monthly"))
    status = fields.String(
        validate=validate.OneOf(["active", "retired"]),
        metadata=described("Whether it can be bought.", "active", enum=["active", "retired"]),
    )
    price = MoneyField(lowest=0, metadata=described("What it costs, tax included."))
    tax_percent = Percent(
        metadata=described("The tax that the price includes.", "19", pattern="^[0-9]{1,2}([.][0-9]{1,4})?$")
    )
    period = fields.Nested(
        Period,
        allow_none=True,
        validate=check_period,
        metadata=described("Of a subscription how often it renews, of a pass how long it lasts; null for other kinds."),
    )
    trial_days = fields.Integer(
        strict=True, validate=validate.Range(0, 366), metadata=described("Days without charge at the start.", 0)
    )


class CreateOffer(EditOffer):
    """A new offer."""

    name = Text(
        max_length=200, required=True, metadata=described("Its name, as customers know it.", "Premium, monthly")
    )
    kind = fields.String(
        required=True,
        validate=validate.OneOf(KINDS),
        metadata=described("What kind of offer it is.", "subscription", enum=[*KINDS]),
    )
    price = MoneyField(lowest=0, required=True, metadata=described("What it costs, tax included."))
    status = fields.String(
        load_default="active",
        validate=validate.OneOf(["active", "retired"]),
        metadata=described("Whether it can be bought.", "active", enum=["active", "retired"]),
    )
    external_id = Text(
        max_length=200,
        allow_none=True,
        load_default=None,
        metadata=described("The publisher's own ID of it.", "S705970293_DE"),
    )
    tax_percent = Percent(
        load_default=Decimal(0),
        metadata=described("The tax that the price includes.", "19", pattern="^[0-9]{1,2}([.][0-9]{1,4})?$"),
    )
    period = fields.Nested(
        Period,
        allow_none=True,
        load_default=None,
        validate=check_period,
        metadata=described("Of a subscription how often it renews, of a pass how long it lasts; null for other kinds."),
    )
    trial_days = fields.Integer(
        strict=True,
        load_default=0,
        validate=validate.Range(0, 366),
        metadata=described("Days without charge at the start.", 0),
    )


class ListOffers(Page):
    """Which offers, and where to go on."""

    status = fields.String(
        validate=validate.OneOf(["active", "retired"]), metadata=described("Only these.", enum=["active", "retired"])
    )
    external_id = fields.String(validate=validate.Length(1, 200), metadata=described("Only the one with this ID."))
