"""The addresses of invoices."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.context import current_publisher_id, current_session
from servicekit.web.json_body import json_response
from services.billing.api.common import blueprint_of, shown
from services.billing.queries.accounts import require_customer
from services.billing.queries.invoices import invoice_told
from services.billing.queries.lists import list_invoices
from services.billing.schemas.common import CustomersPage
from services.billing.views.invoices import InvoicePage, InvoiceView

blueprint = blueprint_of("invoices", "Invoices and credit notes.")


@blueprint.get("")
@requires("billing:read")
@audited("billing.invoice.listed")
@blueprint.arguments(CustomersPage, location="query")
@blueprint.response(200, InvoicePage)
@blueprint.doc(operationId="list_invoices")
def get_invoices(parameters: dict[str, Any]) -> Response:
    """List a customer's invoices and credit notes, newest first."""
    session, publisher_id = current_session(), current_publisher_id()
    require_customer(session, publisher_id, parameters["customer_id"])
    page = list_invoices(
        session,
        publisher_id=publisher_id,
        customer_id=parameters["customer_id"],
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
    )
    return json_response(page)


@blueprint.get("/<invoice_id>")
@requires("billing:read")
@audited("billing.invoice.read", subject="invoice_id")
@blueprint.response(200, InvoiceView)
@blueprint.doc(operationId="get_invoice")
def get_invoice(invoice_id: str) -> Response:
    """Read an invoice."""
    return shown(invoice_told(current_session(), publisher_id=current_publisher_id(), invoice_id=invoice_id))
