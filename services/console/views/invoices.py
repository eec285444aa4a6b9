"""The invoices panel, and an invoice as it was made out: in a dialog, as a page to print, and as a PDF."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, request

from services.console.clients import ApiProblem
from services.console.signed_in import api
from services.console.views.billing import BILLING, fragment, of_customer, of_this
from services.console.views.customer import a_customers_own, dialog, panel
from services.console.views.failures import failure

blueprint = Blueprint("invoices", __name__)
DOCUMENTS = "/v1/notifications/invoices"
PAGE_SIZE = 10
_PLACE = "/customers/<customer_id>/invoices/<invoice_id>"
# What the API's own answer forbids the browser goes on: no script, nothing from outside.
_OF_PAGE = ("Content-Security-Policy", "Content-Type", "Referrer-Policy", "Cross-Origin-Resource-Policy")
_OF_PDF = ("Content-Type", "Content-Disposition")
_NO_PDF = {
    "pdf_not_installed": "PDFs aren't made on this installation. Open the page to print instead.",
    "pdf_lacks_letters": "No font here has all letters of this invoice. Open the page to print instead.",
}


@blueprint.get("/customers/<customer_id>/invoices")
@panel
def invoices(customer_id: str) -> Response:
    """The newest ones; with a cursor, those after it."""
    cursor = request.args.get("cursor")
    page = of_customer("invoices", customer_id, cursor=cursor, limit=PAGE_SIZE)
    template = "billing/invoices_more.html" if cursor else "billing/invoices.html"
    return fragment(template, customer_id=customer_id, page=page)


@blueprint.get(_PLACE)
@dialog
def invoice(customer_id: str, invoice_id: str) -> Response:
    """One of them."""
    found = of_this(customer_id, api().get(f"{BILLING}/invoices/{invoice_id}").body)
    return fragment("billing/invoice.html", customer_id=customer_id, invoice=found)


@blueprint.get(f"{_PLACE}/page")
@a_customers_own
def page(customer_id: str, invoice_id: str) -> Response:
    """One of them to print, a document of its own in the customer's language."""
    return _document(customer_id, invoice_id, "page", _OF_PAGE)


@blueprint.get(f"{_PLACE}/pdf")
@a_customers_own
def pdf(customer_id: str, invoice_id: str) -> Response:
    """The same as a PDF, where there is one."""
    try:
        return _document(customer_id, invoice_id, "pdf", _OF_PDF)
    except ApiProblem as problem:
        if problem.code not in _NO_PDF:
            raise
        return failure(404, _NO_PDF[problem.code])


def _document(customer_id: str, invoice_id: str, form: str, kept: Sequence[str]) -> Response:
    of_this(customer_id, api().get(f"{BILLING}/invoices/{invoice_id}").body)
    headers, body = api().stream(f"{DOCUMENTS}/{invoice_id}/{form}")
    answer = Response(b"".join(body))
    for name in kept:
        answer.headers[name] = headers[name]
    return answer
