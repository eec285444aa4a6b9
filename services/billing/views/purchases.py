"""What a purchase came to, as it is shown."""

from __future__ import annotations

from marshmallow import Schema, fields

from servicekit.web.describing import described
from services.billing.views.subscriptions import SubscriptionView
from services.billing.views.transactions import TransactionView


class PurchaseView(Schema):
    """What a purchase came to. A declined one has a transaction that failed, and gives nothing."""

    transaction = fields.Nested(
        TransactionView, required=True, allow_none=True, metadata=described("The money; null while it is a trial.")
    )
    subscription = fields.Nested(
        SubscriptionView, required=True, allow_none=True, metadata=described("What it began, if that recurs.")
    )
