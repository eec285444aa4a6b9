"""Customers who have paid, for the tests of what can be done then."""

from __future__ import annotations

from typing import Any

from servicekit.db.database import Database
from services.billing.tests.conftest import Api, outbox_of

WHY = {"reason": "requested_by_customer"}
KEEP = {"end_access": False, "stop_renewals": False}


def euros(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "EUR"}


def bought(api: Api, token: str = "tok_visa", **offer: Any) -> tuple[str, str]:  # noqa: S107
    """A customer and a transaction that they paid: by default a month's subscription at 9.99 EUR."""
    customer = api.customer(first_name="Anna", last_name="Müller")
    api.method(customer, token)
    return customer, api.buy(customer, api.offer(**offer)["id"])["transaction"]["id"]


def refund(api: Api, transaction_id: str, **body: Any) -> dict[str, Any]:
    return api.ok("POST", f"transactions/{transaction_id}/refund", {**WHY, **body})


def told(system_database: Database, subject: str) -> list[str]:
    prefix = "billing.transaction."
    return [
        event.type.removeprefix(prefix).removesuffix(".v1")
        for event in outbox_of(system_database)
        if event.subject == subject
    ]
