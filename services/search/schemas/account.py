"""What the search answers of a customer's account at billing."""

from __future__ import annotations

from marshmallow import Schema, fields

from servicekit.web.describing import NOT_TELLING, described, personal
from servicekit.web.masking import masked_field


class FoundMoney(Schema):
    """An amount of money."""

    amount_minor = fields.Integer(required=True, metadata=described("In the currency's smallest unit.", 1_299))
    currency = fields.String(required=True, metadata=described("ISO 4217 code.", "EUR"))


class FoundPaymentMethod(Schema):
    """What was last paid with."""

    kind = fields.String(
        allow_none=True, metadata=described("Card, PayPal, direct debit, a store, something else.", "card")
    )
    brand = fields.String(allow_none=True, metadata=described("Whose.", "visa"))
    last4 = fields.String(allow_none=True, metadata=personal("The last four digits of its number.", "4242"))
    masked = masked_field()


class FoundAccount(Schema):
    """Fields of a customer that billing tells. Of one that never bought anything they are 0, empty and null."""

    transactions_count = fields.Integer(metadata=described("Number of transactions.", 12))
    lifetime_value = fields.List(
        fields.Nested(FoundMoney),
        metadata=described(
            "What was paid less what was given back, in each currency. Sorted and compared by the amount in the "
            "customer's own currency, else the largest."
        ),
    )
    active_subscriptions = fields.Integer(metadata=described("Number of subscriptions that run.", 1))
    subscription_status = fields.String(
        allow_none=True,
        metadata=described(
            "Of the best of its subscriptions; null if there never was one.",
            "active",
            enum=["trialing", "active", "past_due", "cancelled", "expired", None],
        ),
    )
    next_payment_at = fields.AwareDateTime(allow_none=True, metadata=described("When the next payment is due."))
    next_payment = fields.Nested(FoundMoney, allow_none=True, metadata=described("How much that will be."))
    last_payment_method = fields.Nested(
        FoundPaymentMethod, allow_none=True, metadata=personal("What was last paid with.", **NOT_TELLING)
    )
    first_transaction_at = fields.AwareDateTime(allow_none=True, metadata=described("The first transaction."))
    last_transaction_at = fields.AwareDateTime(allow_none=True, metadata=described("The last transaction."))
    first_channel = fields.String(allow_none=True, metadata=described("Where was paid first.", "web"))
    last_channel = fields.String(allow_none=True, metadata=described("Where was paid last.", "apple"))
    has_access = fields.Boolean(metadata=described("Whether the customer may use anything now.", True))
    access_until = fields.AwareDateTime(
        allow_none=True, metadata=described("Until when; null for no end, and without access.")
    )
