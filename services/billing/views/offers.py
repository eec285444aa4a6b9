"""Offers, as they are shown."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from servicekit.web.describing import described
from services.billing.models.offers import Offer
from services.billing.views.common import (
    MoneyView,
    OfferRef,
    PeriodView,
    cursor_field,
    money,
    offer_ref,
    text_field,
    time_field,
    version_field,
)


def offer_state(offer: Offer) -> dict[str, Any]:
    """The full public state, ready for JSON."""
    period = None if offer.period_unit is None else {"unit": offer.period_unit, "count": offer.period_count}
    return {
        **offer_ref(offer),
        "status": offer.status,
        "price": money(offer.price_minor, offer.currency),
        "tax_percent": f"{offer.tax_percent.normalize():f}",
        "period": period,
        "trial_days": offer.trial_days,
        "created_at": rfc3339(offer.created_at),
        "version": offer.version,
    }


class OfferState(OfferRef):
    """An offer."""

    status = text_field("Whether it can be bought.", enum=["active", "retired"])
    price = fields.Nested(MoneyView, required=True, metadata=described("What it costs, tax included."))
    tax_percent = text_field("The tax that the price includes, in percent of the net price.", "19")
    period = fields.Nested(
        PeriodView, required=True, allow_none=True, metadata=described("How long it lasts, or how often it renews.")
    )
    trial_days = fields.Integer(required=True, metadata=described("Days without charge at the start.", 0))
    created_at = time_field("When it was made.")
    version = version_field()


class OfferPage(Schema):
    """Some offers, newest first."""

    items = fields.List(fields.Nested(OfferState), required=True)
    next_cursor = cursor_field()
