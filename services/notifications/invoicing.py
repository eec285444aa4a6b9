"""Invoices in the language of those who get them, and as files that go with their mails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy.orm import Session

from services.notifications.errors import NotInThisPdf
from services.notifications.invoices.pdf import MEDIA_TYPE, pdf_installed, pdf_of
from services.notifications.invoices.sheet import Sheet, sheet_of
from services.notifications.mail_settings import brand_of, settings_of
from services.notifications.models import Attachment, Email, MailSettings
from services.notifications.people import recipient
from services.notifications.settings import MailDefaults
from services.notifications.wording import language_for

KIND = "invoice"
TOLD = ("kind", "number", "issued_at", "transaction_id", "buyer", "seller", "lines", "total", "tax")
"""What the mail keeps of an invoice, so that its file can be made whenever the customer becomes known."""

_log = structlog.get_logger("mailing")


def sheet_for(session: Session, publisher_id: str, invoice: Mapping[str, Any], *, defaults: MailDefaults) -> Sheet:
    """The sheet of an invoice in its customer's language; in the publisher's where they are gone, or unknown."""
    person = recipient(session, publisher_id, str(invoice["customer_id"]))
    return _sheet(invoice, person.language if person else None, settings_of(session, publisher_id), defaults)


def attach_invoice(
    session: Session, mail: Email, reads: str | None, settings: MailSettings, defaults: MailDefaults
) -> None:
    """Attach the PDF to an invoice's mail, whose customer reads ``reads``. The mail goes without it, which says the
    same, where PDFs aren't made or no font has all letters of this one."""
    invoice = (mail.facts or {}).get("invoice") if mail.kind == KIND else None
    if invoice is None or not pdf_installed():
        return
    sheet = _sheet(invoice, reads, settings, defaults)
    try:
        content = pdf_of(sheet, fonts=defaults.invoice_fonts)
    except NotInThisPdf:
        _log.warning("invoice_without_pdf", publisher_id=mail.publisher_id, email_id=mail.id)
        return
    session.add(
        Attachment(
            publisher_id=mail.publisher_id,
            email_id=mail.id,
            position=0,
            file_name=f"{sheet.file_name}.pdf",
            media_type=MEDIA_TYPE,
            content=content,
        )
    )
    session.flush()


def _sheet(invoice: Mapping[str, Any], reads: str | None, settings: MailSettings, defaults: MailDefaults) -> Sheet:
    brand = brand_of(settings, defaults)
    return sheet_of(
        invoice,
        language=language_for(reads, settings.language),
        reads=reads,
        time_zone=brand.time_zone,
        seller_name=brand.name,
    )
