"""Invoices and credit notes as documents: a page to print, and a PDF."""

from __future__ import annotations

from typing import cast

from flask import Response

from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import about, current_publisher_id, current_session, kit
from servicekit.web.presenting import require_personal
from services.notifications.api.common import PREFIX, mail_defaults
from services.notifications.api.emails import PREVIEW_HEADERS
from services.notifications.invoice_desk import InvoiceDesk
from services.notifications.invoices.page import page_of
from services.notifications.invoices.pdf import MEDIA_TYPE, pdf_of
from services.notifications.invoices.sheet import Sheet
from services.notifications.invoicing import sheet_for
from services.notifications.openapi import INVOICE_PAGE, INVOICE_PDF

# What is on an invoice is billing's, so it is read by billing's right.
READ_INVOICES = "billing:read"
blueprint = ServiceBlueprint(
    "invoice documents", __name__, url_prefix=f"{PREFIX}/invoices", description="Invoices to print and to keep."
)


@blueprint.get("/<invoice_id>/page")
@requires(READ_INVOICES)
@audited("notifications.invoice.shown", subject="invoice_id")
@blueprint.response(200, {"type": "string"}, content_type="text/html", **INVOICE_PAGE)
@blueprint.doc(operationId="get_invoice_page")
def get_page(invoice_id: str) -> Response:
    """An invoice or credit note as a page to print, in its customer's language. It runs no script and loads nothing.

    Needs the scope `personal:read` as well.
    """
    return Response(page_of(_sheet(invoice_id)), 200, PREVIEW_HEADERS, content_type="text/html; charset=utf-8")


@blueprint.get("/<invoice_id>/pdf")
@requires(READ_INVOICES)
@audited("notifications.invoice.fetched", subject="invoice_id")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type=MEDIA_TYPE, **INVOICE_PDF)
@blueprint.doc(operationId="get_invoice_pdf")
def get_pdf(invoice_id: str) -> Response:
    """An invoice or credit note as a PDF, in its customer's language: the same bytes each time.

    Needs the scope `personal:read` as well. 404 `pdf_not_installed` where PDFs aren't made, `pdf_lacks_letters` where
    no font has all letters of it: the page shows it then.
    """
    sheet = _sheet(invoice_id)
    content = pdf_of(sheet, fonts=mail_defaults().invoice_fonts)
    headers = {"Content-Disposition": f'attachment; filename="{sheet.file_name}.pdf"'}
    return Response(content, 200, headers, content_type=MEDIA_TYPE)


def _sheet(invoice_id: str) -> Sheet:
    require_personal()
    publisher_id = current_publisher_id()
    invoice = cast("InvoiceDesk", kit().extras["invoices"]).find(publisher_id, invoice_id)
    about(invoice["customer_id"])
    return sheet_for(current_session(), publisher_id, invoice, defaults=mail_defaults())
