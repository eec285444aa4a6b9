"""Invoices, as they are shown."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from servicekit.clock import rfc3339
from servicekit.web.describing import described, personal
from servicekit.web.masking import masked_field
from services.billing.models.invoices import Invoice
from services.billing.views.common import (
    CUSTOMER_ID,
    TRANSACTION_ID,
    MoneyView,
    cursor_field,
    money,
    text_field,
    time_field,
    version_field,
)


def invoice_state(row: Invoice) -> dict[str, Any]:
    """The full public state, ready for JSON."""
    return {
        "id": row.id,
        "number": f"{row.year}-{row.number:06}",
        "kind": row.kind,
        "customer_id": row.customer_id,
        "transaction_id": row.transaction_id,
        "refund_id": row.refund_id,
        "issued_at": rfc3339(row.issued_at),
        "buyer": row.buyer,
        "seller": row.seller,
        "lines": row.lines,
        "total": money(row.total_minor, row.currency),
        "tax": money(row.tax_minor, row.currency),
        "version": row.version,
    }


class PartyAddress(Schema):
    """A postal address."""

    line1 = fields.String(
        required=True, allow_none=True, metadata=personal("Street and number.", "Invalidenstraße 116")
    )
    line2 = fields.String(required=True, allow_none=True, metadata=personal("More of it."))
    city = fields.String(required=True, allow_none=True, metadata=personal("City.", "Berlin"))
    state = fields.String(required=True, allow_none=True, metadata=personal("State."))
    postal_code = fields.String(required=True, allow_none=True, metadata=personal("Postal code.", "10115"))
    country = fields.String(required=True, allow_none=True, metadata=personal("ISO 3166-1.", "DE", hidden=False))


class BuyerView(Schema):
    """Whom an invoice is made out to, as they were that day."""

    name = fields.String(required=True, allow_none=True, metadata=personal("Their name.", "Anna Müller"))
    company = fields.String(required=True, allow_none=True, metadata=personal("Their company."))
    email = fields.String(required=True, allow_none=True, metadata=personal("Their address.", "anna@example.com"))
    address = fields.Nested(PartyAddress, required=True, allow_none=True, metadata=personal("Where they live."))


class LineView(Schema):
    """A line of an invoice."""

    description = text_field("What was sold.", "Premium, monthly")
    quantity = fields.Integer(required=True, metadata=described("How many.", 1))
    amount = fields.Nested(MoneyView, required=True, metadata=described("Tax included."))
    tax = fields.Nested(MoneyView, required=True, metadata=described("The tax in it."))
    tax_percent = text_field("At which rate.", "19")
    period_start = time_field("From when it runs.", null=True)
    period_end = time_field("Until when.", null=True)


class InvoiceState(Schema):
    """An invoice, or a credit note about money given back. It never changes."""

    id = text_field("Its ID.", "inv_06h5yvkg1scm7h3b8k5rqt2xzw")
    number = text_field("Its number: the publisher's in that year, without a gap.", "2026-000001")
    kind = text_field("What it is.", enum=["invoice", "credit_note"])
    customer_id = text_field("Whose.", CUSTOMER_ID)
    transaction_id = text_field("About which transaction.", TRANSACTION_ID)
    refund_id = text_field("Of a credit note: about which refund.", "ref_06h5yvkg1scm7h3b8k5rqt2xzw", null=True)
    issued_at = time_field("When it was made.")
    buyer = fields.Nested(BuyerView, required=True, allow_none=True, metadata=personal("To whom.", hidden=False))
    seller = fields.Dict(
        keys=fields.String(), required=True, metadata=described("From whom: the publisher, as set then.")
    )
    lines = fields.List(fields.Nested(LineView), required=True)
    total = fields.Nested(MoneyView, required=True, metadata=described("Tax included."))
    tax = fields.Nested(MoneyView, required=True, metadata=described("The tax in it."))
    version = version_field()


class InvoiceView(InvoiceState):
    """An invoice, or a credit note about money given back. It never changes."""

    masked = masked_field()


class InvoicePage(Schema):
    """Some invoices, newest first."""

    items = fields.List(fields.Nested(InvoiceView), required=True)
    next_cursor = cursor_field()
