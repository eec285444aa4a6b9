"""What the API takes about purchases and payment details."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from servicekit.web.describing import described, personal
from servicekit.web.fields import Text, TrueOrFalse
from services.billing.models.transactions import CHANNELS
from services.billing.schemas.common import IdField, MoneyField


class MakePurchase(Schema):
    """Buying an offer. On the web it is charged; elsewhere it is recorded that a store was paid."""

    customer_id = IdField("cus", required=True, metadata=described("Who buys.", "cus_06h5yvkg1scm7h3b8k5rqt2xzw"))
    offer_id = IdField("off", required=True, metadata=described("What.", "off_06h5yvkg1scm7h3b8k5rqt2xzw"))
    payment_method_id = IdField(
        "pm", metadata=described("What is charged; the default details, if absent.", "pm_06h5yvkg1scm7h3b8k5rqt2xzw")
    )
    channel = fields.String(
        load_default="web",
        validate=validate.OneOf(CHANNELS),
        metadata=described("Where it is paid.", "web", enum=[*CHANNELS]),
    )
    external_order_id = Text(
        max_length=200,
        metadata=personal(
            "The store's ID of it (required unless it is the web), or the publisher's own.", "ORDER-1001"
        ),
    )
    amount = MoneyField(lowest=0, metadata=described("What the store took, if it isn't the offer's price."))

    @validates_schema
    def _sense(self, data: dict[str, Any], **_: Any) -> None:
        if data["channel"] == "web" and "amount" in data:
            raise ValidationError("On the web the offer's price is charged.", "amount")
        if data["channel"] != "web" and "external_order_id" not in data:
            raise ValidationError("Needed where a store was paid.", "external_order_id")
        if data["channel"] != "web" and "payment_method_id" in data:
            raise ValidationError("Nothing is charged where a store was paid.", "payment_method_id")


class AttachMethod(Schema):
    """Payment details, as the token that the provider gave the customer's browser."""

    customer_id = IdField("cus", required=True, metadata=described("Whose.", "cus_06h5yvkg1scm7h3b8k5rqt2xzw"))
    provider = fields.String(
        required=True, validate=validate.Length(1, 40), metadata=described("Whose token it is.", "sandbox")
    )
    token = fields.String(
        required=True,
        validate=validate.Regexp(r"[\x21-\x7e]{1,255}\Z", error="Not a token: 1 to 255 printable characters."),
        metadata=personal("The token.", "tok_visa"),
    )
    make_default = TrueOrFalse(
        load_default=False,
        metadata=described("Whether purchases are to use it if none is named.", False),
    )
