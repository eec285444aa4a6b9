"""The PDF of an invoice, where the extra ``pdf`` is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from services.notifications.errors import NotInThisPdf, PdfNotInstalled
from services.notifications.invoices.sheet import Sheet

MEDIA_TYPE = "application/pdf"


def pdf_installed() -> bool:
    """Whether PDFs can be made here."""
    return importlib.util.find_spec("reportlab") is not None


def pdf_of(sheet: Sheet, *, fonts: Sequence[str] = ()) -> bytes:
    """The PDF: the same bytes for the same sheet. ``fonts``: TrueType files for letters that ours lack.

    Raises PdfNotInstalled, NotInThisPdf.
    """
    if not pdf_installed():
        raise PdfNotInstalled
    from services.notifications.invoices.drawing import draw  # nothing else needs reportlab

    try:
        return draw(sheet, fonts=tuple(fonts))
    except ValueError as missing:
        raise NotInThisPdf(str(missing)) from None
