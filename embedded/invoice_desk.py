"""Billing asked directly for an invoice, where it is in the same process as the notifications service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicekit.db.database import Database
from services.billing.errors import InvoiceNotFound as UnknownToBilling
from services.billing.queries.invoices import invoice_told
from services.notifications.errors import InvoiceNotFound


class InvoicesInProcess:
    """``database`` is billing's, as the role ``app``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, publisher_id: str, invoice_id: str) -> Mapping[str, Any]:
        """An invoice or credit note of this publisher. Raises InvoiceNotFound."""
        try:
            with self._database.transaction(publisher_id) as session:
                return invoice_told(session, publisher_id=publisher_id, invoice_id=invoice_id)
        except UnknownToBilling:
            raise InvoiceNotFound from None
