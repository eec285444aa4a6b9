"""Answers of the API, as its description has them."""

from __future__ import annotations

from typing import Any

ID = "cus_06h5yvkg1scm7h3b8k5rqt2xzw"
ME: dict[str, Any] = {
    "id": "stf_06h5yvkg1scm7h3b8k5rqt2xzw",
    "kind": "staff",
    "name": "Olivia Owner",
    "role": "owner",
    "publisher_id": "pub_06h5yvkg1scm7h3b8k5rqt2xzw",
    "scopes": ["customers:read", "customers:write", "search:read", "personal:read", "identity:read"],
    "email": "owner@example.com",
    "publisher_name": "Demo Publishing",
    "session_expires_at": "2026-12-01T10:00:00.000000Z",
    "password_change_required": False,
}
PREFERENCES: dict[str, Any] = {"theme": "auto", "language": None, "time_zone": None, "customer_list": None}
CUSTOMER: dict[str, Any] = {
    "id": ID,
    "email": "anna@example.com",
    "first_name": "Anna",
    "last_name": "Müller",
    "company": None,
    "birthdate": "1985-03-12",
    "phone": None,
    "language": "de",
    "currency": "EUR",
    "country": "DE",
    "address": None,
    "external_ids": [{"source": "publisher", "id": "C-10042"}],
    "attributes": {},
    "status": "active",
    "registered_at": "2026-01-31T23:30:00.000000Z",
    "last_login_at": None,
    "anonymized_at": None,
    "version": 7,
}
ACCOUNT: dict[str, Any] = {
    "transactions_count": 1_204,
    "last_payment_method": {"kind": "card", "brand": "visa", "last4": "4242"},
    "subscription_status": "past_due",
    "active_subscriptions": 2,
    "next_payment_at": "2026-04-01T08:00:00.000000Z",
    "next_payment": {"amount_minor": 1_299, "currency": "EUR"},
    "lifetime_value": [{"amount_minor": 4_797, "currency": "EUR"}, {"amount_minor": 500, "currency": "JPY"}],
    "first_transaction_at": "2026-02-01T08:00:00.000000Z",
    "last_transaction_at": None,
    "first_channel": "web",
    "last_channel": None,
    "has_access": True,
    "access_until": None,
}
PAGE: dict[str, Any] = {
    "items": [
        {
            **CUSTOMER,
            **ACCOUNT,
            "matched": [{"attribute": "last_name", "value": "Müller", "how": "prefix"}],
            "score": 3,
        },
    ],
    "next_cursor": None,
    "total": {"value": 1, "exact": True},
}
