"""Asking billing for an invoice, which it owns: for its page and its PDF, whether it was mailed or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

import httpx2

from servicekit.errors import Unavailable
from servicekit.ids import is_id
from services.notifications.errors import InvoiceNotFound

_PATH = "/internal/invoices/{}"


class InvoiceDesk(Protocol):
    """Where the invoices are."""

    def find(self, publisher_id: str, invoice_id: str) -> Mapping[str, Any]:
        """An invoice or credit note of this publisher, as billing tells of it.

        Raises InvoiceNotFound, or Unavailable if billing can't be asked.
        """


class HttpInvoiceDesk:
    """Billing, asked by ``client``, whose base address is billing's and which presents our token."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def find(self, publisher_id: str, invoice_id: str) -> Mapping[str, Any]:
        """As the protocol says."""
        if not is_id(invoice_id, "inv"):
            raise InvoiceNotFound
        try:
            answer = self._client.get(_PATH.format(invoice_id), params={"publisher_id": publisher_id})
            if answer.status_code == 404:
                raise InvoiceNotFound
            answer.raise_for_status()
            return cast("Mapping[str, Any]", answer.json())
        except (httpx2.HTTPError, ValueError):
            raise Unavailable("Billing can't be asked for the invoice right now.") from None
