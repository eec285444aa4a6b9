"""What the views of several nouns share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from servicekit.web.describing import described
from services.billing.models.offers import KINDS
from services.billing.models.transactions import CHANNELS

CUSTOMER_ID = "cus_06h5yvkg1scm7h3b8k5rqt2xzw"
OFFER_ID = "off_06h5yvkg1scm7h3b8k5rqt2xzw"
SUBSCRIPTION_ID = "sub_06h5yvkg1scm7h3b8k5rqt2xzw"
TRANSACTION_ID = "txn_06h5yvkg1scm7h3b8k5rqt2xzw"
PAYMENT_METHOD_ID = "pm_06h5yvkg1scm7h3b8k5rqt2xzw"
ACTOR_ID = "stf_06h5yvkg1scm7h3b8k5rqt2xzw"


def moment(value: datetime | None) -> str | None:
    """A point in time for JSON; null stays null."""
    return None if value is None else rfc3339(value)


def money(amount_minor: int, currency: str) -> dict[str, Any]:
    """An amount for JSON."""
    return {"amount_minor": amount_minor, "currency": currency}


def offer_ref(offer: Any) -> dict[str, Any]:
    """Which offer something is about."""
    return {"id": offer.id, "external_id": offer.external_id, "name": offer.name, "kind": offer.kind}


def time_field(description: str, *, null: bool = False) -> fields.Field[Any]:
    """A point in time in an answer."""
    return fields.AwareDateTime(required=True, allow_none=null, metadata=described(description))


def text_field(description: str, example: str | None = None, *, null: bool = False, **more: Any) -> fields.Field[Any]:
    """Text in an answer that says nothing about a person."""
    return fields.String(required=True, allow_none=null, metadata=described(description, example, **more))


def version_field() -> fields.Field[Any]:
    """The version of a thing."""
    return fields.Integer(required=True, metadata=described("Counts every change.", 1))


def cursor_field() -> fields.Field[Any]:
    """Where a list goes on."""
    return fields.String(required=True, allow_none=True, metadata=described("Where to go on; null at the end."))


def channel_field(description: str, *, null: bool = False) -> fields.Field[Any]:
    """Where the customer pays."""
    return text_field(description, "web", null=null, enum=[*CHANNELS, None] if null else [*CHANNELS])


class MoneyView(Schema):
    """An amount of money."""

    amount_minor = fields.Integer(required=True, metadata=described("In the currency's minor units.", 1299))
    currency = fields.String(required=True, metadata=described("ISO 4217 code.", "EUR"))


class OfferRef(Schema):
    """Which offer something is about."""

    id = text_field("Its ID.", OFFER_ID)
    external_id = text_field("The publisher's own ID of it.", "S705970293_DE", null=True)
    name = text_field("Its name.", "Premium, monthly")
    kind = text_field("What kind of offer it is.", enum=[*KINDS])


class PeriodView(Schema):
    """A length of time by the calendar."""

    unit = text_field("Of the calendar.", "month", enum=["day", "week", "month", "year"])
    count = fields.Integer(required=True, metadata=described("How many of them.", 1))
