"""The invoices panel, and an invoice as it was made out."""

from __future__ import annotations

from flask import Blueprint, Response, request

from services.console.signed_in import api
from services.console.views.billing import BILLING, fragment, of_customer, of_this
from services.console.views.customer import dialog, panel

blueprint = Blueprint("invoices", __name__)
PAGE_SIZE = 10


@blueprint.get("/customers/<customer_id>/invoices")
@panel
def invoices(customer_id: str) -> Response:
    """The newest ones; with a cursor, those after it."""
    cursor = request.args.get("cursor")
    page = of_customer("invoices", customer_id, cursor=cursor, limit=PAGE_SIZE)
    template = "billing/invoices_more.html" if cursor else "billing/invoices.html"
    return fragment(template, customer_id=customer_id, page=page)


@blueprint.get("/customers/<customer_id>/invoices/<invoice_id>")
@dialog
def invoice(customer_id: str, invoice_id: str) -> Response:
    """One of them."""
    found = of_this(customer_id, api().get(f"{BILLING}/invoices/{invoice_id}").body)
    return fragment("billing/invoice.html", customer_id=customer_id, invoice=found)
