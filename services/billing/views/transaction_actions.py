"""What an action on a transaction came to, as it is shown."""

from __future__ import annotations

from marshmallow import Schema, fields

from servicekit.web.describing import described
from servicekit.web.masking import masked_field
from services.billing.views.access import AccessState
from services.billing.views.subscriptions import SubscriptionView
from services.billing.views.transactions import RefundView, TransactionDetails


class ActionResult(Schema):
    """A transaction after something was done with it, and what that concerned."""

    transaction = fields.Nested(TransactionDetails, required=True)
    refund = fields.Nested(
        RefundView,
        required=True,
        allow_none=True,
        metadata=described("The refund that this made. One that failed has given nothing back, and ended nothing."),
    )
    subscription = fields.Nested(
        SubscriptionView, required=True, allow_none=True, metadata=described("The transaction's subscription.")
    )
    access = fields.Nested(
        AccessState, required=True, allow_none=True, metadata=described("The access that the transaction paid for.")
    )
    masked = masked_field()
