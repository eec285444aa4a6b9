"""A publisher's billing settings, as they are shown."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from servicekit.web.describing import described
from services.billing.models.settings import BillingSettings
from services.billing.views.common import text_field, version_field


def settings_state(row: BillingSettings) -> dict[str, Any]:
    """Ready for JSON."""
    return {
        "time_zone": row.time_zone,
        "refund_window_days": row.refund_window_days,
        "dunning_days": row.dunning_days,
        "seller": {name: row.seller.get(name) for name in SELLER_FIELDS},
        "version": row.version,
    }


SELLER_FIELDS = ("name", "address", "tax_id", "email")


class SellerView(Schema):
    """What invoices say of the publisher."""

    name = text_field("Its legal name.", "Nordlicht Media GmbH", null=True)
    address = text_field("Its address, lines separated by line feeds.", "Invalidenstraße 116\n10115 Berlin", null=True)
    tax_id = text_field("Its tax number.", "DE123456789", null=True)
    email = text_field("Where to ask.", "billing@example.com", null=True)


class SettingsView(Schema):
    """How a publisher bills."""

    time_zone = text_field("By which periods go (IANA).", "Europe/Berlin")
    refund_window_days = fields.Integer(
        required=True, allow_none=True, metadata=described("Refunds only within so many days; null: always.", 30)
    )
    dunning_days = fields.List(
        fields.Integer(metadata={"personal": False}),
        required=True,
        metadata=described("When a failed renewal is tried again: days after its first failure.", [1, 3, 5, 7]),
    )
    seller = fields.Nested(SellerView, required=True, metadata=described("What invoices say of the publisher."))
    version = version_field()
