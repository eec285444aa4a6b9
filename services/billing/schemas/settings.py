"""What the API takes about a publisher's billing settings."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate

from servicekit.web.describing import described
from servicekit.web.fields import Text
from services.billing.calendar_rules import time_zones


def _ascending(days: list[int]) -> None:
    if days != sorted(set(days)):
        raise ValidationError("Each day once, in ascending order.")


def _time_zone(name: str) -> None:
    if name not in time_zones():
        raise ValidationError("Not a time zone's name (IANA), such as Europe/Berlin.")


class EditSeller(Schema):
    """What invoices say of the publisher."""

    name = Text(max_length=200, allow_none=True, metadata=described("Its legal name.", "Nordlicht Media GmbH"))
    address = fields.String(
        allow_none=True, validate=validate.Length(max=500), metadata=described("Its address, lines by line feeds.")
    )
    tax_id = Text(max_length=60, allow_none=True, metadata=described("Its tax number.", "DE123456789"))
    email = Text(max_length=254, allow_none=True, metadata=described("Where to ask.", "billing@example.com"))


class EditSettings(Schema):
    """What changes of a publisher's billing settings."""

    time_zone = fields.String(
        validate=_time_zone, metadata=described("By which periods go (IANA); for new subscriptions.", "Europe/Berlin")
    )
    refund_window_days = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(1, 3650),
        metadata=described("Refunds only within so many days; null: always.", 30),
    )
    dunning_days = fields.List(
        fields.Integer(strict=True, validate=validate.Range(1, 90), metadata={"personal": False}),
        validate=[validate.Length(max=10), _ascending],
        metadata=described("When a failed renewal is tried again: days after its first failure.", [1, 3, 5, 7]),
    )
    seller = fields.Nested(EditSeller, metadata=described("What invoices say of the publisher."))
