"""The customer page's panels, in their order. Each is a view of its own that the page asks for by itself: they load at
the same time, and one that fails leaves the others as they are. A panel joins when its service does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Panel:
    """``endpoint`` is the view that answers with the panel's inside; ``scope`` is what one needs to see it."""

    name: str
    title: str
    icon: str
    endpoint: str
    scope: str


SUMMARY = Panel("summary", "Summary", "user", "customer.summary", "customers:read")
PANELS: Sequence[Panel] = (
    SUMMARY,
    Panel("payments", "Payments", "credit-card", "payments.payments", "billing:read"),
    Panel("transactions", "Transactions", "receipt", "transactions.transactions", "billing:read"),
    Panel("invoices", "Invoices", "file-invoice", "invoices.invoices", "billing:read"),
    Panel("emails", "Emails", "mail", "emails.emails", "notifications:read"),
    Panel("notes", "Notes", "notes", "notes.notes", "notes:read"),
)
