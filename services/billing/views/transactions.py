"""Transactions and refunds, as they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from servicekit.web.describing import described, personal
from servicekit.web.masking import masked_field
from services.billing.models.operations import Operation
from services.billing.models.transactions import REFUND_REASONS, SETTLED, STATUSES, Refund
from services.billing.views.common import (
    CUSTOMER_ID,
    SUBSCRIPTION_ID,
    TRANSACTION_ID,
    MoneyView,
    OfferRef,
    channel_field,
    cursor_field,
    moment,
    money,
    offer_ref,
    text_field,
    time_field,
    version_field,
)
from services.billing.views.operations import OperationView, operation_state
from services.billing.views.payment_methods import PaymentMethodRef


def transaction_state(row: Any, offer: Any, refunds: Sequence[Refund]) -> dict[str, Any]:
    """The full public state, ready for JSON."""
    return {
        "id": row.id,
        "customer_id": row.customer_id,
        "kind": row.kind,
        "offer": offer_ref(offer),
        "subscription_id": row.subscription_id,
        "amount": money(row.amount_minor, row.currency),
        "tax": money(row.tax_minor, row.currency),
        "refunded": money(row.refunded_minor, row.currency),
        "status": row.status,
        "channel": row.channel,
        "payment_method": row.payment_method,
        "provider": row.provider,
        "provider_reference": row.provider_reference,
        "external_order_id": row.external_order_id,
        "period_start": moment(row.period_start),
        "period_end": moment(row.period_end),
        "attempt": row.attempt,
        "failure": row.failure,
        "refunds": [refund_state(refund) for refund in refunds],
        "origin": row.origin,
        "created_at": rfc3339(row.created_at),
        "settled_at": moment(row.settled_at),
        "version": row.version,
    }


def refund_state(refund: Refund) -> dict[str, Any]:
    """A refund without what only the page of its transaction tells."""
    return {
        "id": refund.id,
        "transaction_id": refund.transaction_id,
        "amount": money(refund.amount_minor, refund.currency),
        "status": refund.status,
        "reason": refund.reason,
        "ends_access": refund.ends_access,
        "stops_renewals": refund.stops_renewals,
        "failure": refund.failure,
        "requested_by": refund.requested_by,
        "requested_at": rfc3339(refund.requested_at),
        "settled_at": moment(refund.settled_at),
    }


def detailed_refund(refund: Refund, operation: Operation | None) -> dict[str, Any]:
    """A refund, every field; ``operation`` is what the provider is still to do."""
    return {
        **refund_state(refund),
        "comment": refund.comment,
        "provider_reference": refund.provider_reference,
        "operation": operation_state(operation),
    }


def detailed_transaction(
    row: Any, offer: Any, refunds: Sequence[Refund], operations: Mapping[str, Operation]
) -> dict[str, Any]:
    """A transaction, every field; ``operations`` are the open ones by what they are about."""
    left = row.amount_minor - row.refunded_minor - row.refunding_minor if row.status in SETTLED else 0
    return {
        **transaction_state(row, offer, []),
        "refunds": [detailed_refund(refund, operations.get(refund.id)) for refund in refunds],
        "remaining": money(left, row.currency),
        "operation": operation_state(operations.get(row.id)),
    }


class FailureView(Schema):
    """Why something failed, as the provider said."""

    code = text_field("A code.", "card_declined")
    message = text_field("In words.", "The card was declined.")


class RefundState(Schema):
    """Money given back."""

    id = text_field("Its ID.", "ref_06h5yvkg1scm7h3b8k5rqt2xzw")
    transaction_id = text_field("Of which transaction.", TRANSACTION_ID)
    amount = fields.Nested(MoneyView, required=True)
    status = text_field("How far.", "succeeded", enum=["pending", "succeeded", "failed"])
    reason = text_field("Why.", enum=[*REFUND_REASONS])
    ends_access = fields.Boolean(required=True, metadata=described("Whether access ends with it.", False))
    stops_renewals = fields.Boolean(required=True, metadata=described("Whether the subscription stops with it.", False))
    failure = fields.Nested(FailureView, required=True, allow_none=True, metadata=described("Why it failed."))
    requested_by = text_field("ID of the staff member or API key.", "stf_06h5yvkg1scm7h3b8k5rqt2xzw")
    requested_at = time_field("When it was asked for.")
    settled_at = time_field("When the provider had done it, or refused.", null=True)


class RefundView(RefundState):
    """Money given back, every field."""

    comment = fields.String(
        required=True, allow_none=True, metadata=personal("In the words of who did it.", "Paid twice")
    )
    provider_reference = fields.String(
        required=True, allow_none=True, metadata=personal("Its ID at the provider.", "re_3Nxyz")
    )
    operation = fields.Nested(
        OperationView, required=True, allow_none=True, metadata=described("While it is pending: how far it is.")
    )


class TransactionState(Schema):
    """One movement of money for an offer."""

    id = text_field("Its ID.", TRANSACTION_ID)
    customer_id = text_field("Whose.", CUSTOMER_ID)
    kind = text_field("What it was for.", enum=["purchase", "renewal", "switch"])
    offer = fields.Nested(OfferRef, required=True)
    subscription_id = text_field("Of which subscription.", SUBSCRIPTION_ID, null=True)
    amount = fields.Nested(MoneyView, required=True, metadata=described("Tax included."))
    tax = fields.Nested(MoneyView, required=True, metadata=described("The tax in it."))
    refunded = fields.Nested(MoneyView, required=True, metadata=described("What was given back."))
    status = text_field("How far.", "succeeded", enum=[*STATUSES])
    channel = channel_field("Where the customer paid.")
    payment_method = fields.Nested(
        PaymentMethodRef,
        required=True,
        allow_none=True,
        metadata=personal("The payment details that were used.", hidden=False),
    )
    provider = text_field("Who moved the money.", "stripe")
    provider_reference = fields.String(
        required=True, allow_none=True, metadata=personal("Its ID at the provider.", "pi_3Nxyz")
    )
    external_order_id = fields.String(
        required=True,
        allow_none=True,
        metadata=personal("Its ID at the store, or the publisher's own.", "GPA.3345-1234-5678-90123..0"),
    )
    period_start = time_field("From when what was paid for runs.", null=True)
    period_end = time_field("Until when.", null=True)
    attempt = fields.Integer(
        required=True, allow_none=True, metadata=described("Of a renewal: which try to charge for the period.", 1)
    )
    failure = fields.Nested(FailureView, required=True, allow_none=True, metadata=described("Why it failed."))
    refunds = fields.List(fields.Nested(RefundState), required=True)
    origin = text_field("Whether it happened here or was imported.", enum=["live", "import"])
    created_at = time_field("When it happened.")
    settled_at = time_field("When the provider had done it, or refused.", null=True)
    version = version_field()


class TransactionView(TransactionState):
    """One movement of money for an offer."""

    masked = masked_field()


class TransactionDetails(TransactionView):
    """One movement of money for an offer, with every field of its refunds."""

    refunds = fields.List(fields.Nested(RefundView), required=True)
    remaining = fields.Nested(MoneyView, required=True, metadata=described("What can still be given back."))
    operation = fields.Nested(
        OperationView,
        required=True,
        allow_none=True,
        metadata=described("What the provider is still to do: take the money, or call that off."),
    )


class TransactionPage(Schema):
    """Some transactions."""

    items = fields.List(fields.Nested(TransactionView), required=True)
    next_cursor = cursor_field()
