"""An invoice by itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from services.billing.errors import InvoiceNotFound
from services.billing.models.invoices import Invoice
from services.billing.queries.rows import find
from services.billing.views.invoices import invoice_state


def invoice_told(session: Session, *, publisher_id: str, invoice_id: str) -> dict[str, Any]:
    """An invoice or credit note, ready for JSON. Raises InvoiceNotFound."""
    return invoice_state(find(session, Invoice, publisher_id, invoice_id, InvoiceNotFound))
