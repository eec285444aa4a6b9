"""What a change of a subscription came to."""

from __future__ import annotations

from marshmallow import Schema, fields

from servicekit.web.describing import described
from services.billing.views.subscriptions import SubscriptionView
from services.billing.views.transactions import RefundState, TransactionView


class SubscriptionChange(Schema):
    """A subscription after a change, and the money that moved for it."""

    subscription = fields.Nested(SubscriptionView, required=True)
    transaction = fields.Nested(
        TransactionView, required=True, allow_none=True, metadata=described("What was charged for it, if anything.")
    )
    refund = fields.Nested(
        RefundState, required=True, allow_none=True, metadata=described("What is given back, if anything.")
    )
