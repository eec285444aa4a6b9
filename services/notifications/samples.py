"""Made-up facts, for checking and previewing templates where no real ones are at hand."""

from __future__ import annotations

from typing import Any

from services.notifications.rendering import Person

PERSON = Person("anna@example.com", "Anna", "Müller", "en")
_PRICE = {"amount_minor": 1299, "currency": "EUR"}
FACTS: dict[str, Any] = {
    "offer": "Digital Plus",
    "previous_offer": "Digital Basic",
    "amount": _PRICE,
    "tax": {"amount_minor": 207, "currency": "EUR"},
    "date": "2026-03-12T09:30:00Z",
    "access_until": "2026-04-12T09:30:00Z",
    "next_payment_date": "2026-04-12T09:30:00Z",
    "retry_date": "2026-03-15T09:30:00Z",
    "order_number": "A-2026-1042",
    "transaction_id": "txn_06h5yvkg1scm7h3b8k5rqt2xzw",
    "payment_method": {"kind": "card", "brand": "visa", "last4": "4242"},
    "card_expiry": "2027-03",
    "reason": "The bank declined the payment.",
    "invoice_number": "2026-000042",
    "lines": [{"description": "Digital Plus, 12 March to 11 April 2026", "quantity": 1, "amount": _PRICE}],
    "totals": [
        {"name": "net", "amount": {"amount_minor": 1092, "currency": "EUR"}},
        {"name": "tax", "rate": "19 %", "amount": {"amount_minor": 207, "currency": "EUR"}},
        {"name": "total", "amount": _PRICE},
    ],
    "buyer": ["Anna Müller", "Invalidenstraße 116", "10115 Berlin"],
}
