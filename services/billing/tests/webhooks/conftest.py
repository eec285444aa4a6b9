"""Sending what providers tell, and what was bought before they do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from servicekit import clock
from servicekit.db.database import Database
from servicekit.ids import new_id
from services.billing.providers.accounts import Account
from services.billing.providers.registry import Providers
from services.billing.providers.sandbox_notices import HEADER, signature
from services.billing.tests.conftest import Api

SECRET = "known to the sandbox"


@pytest.fixture
def providers(database: Database) -> Providers:
    return Providers(
        database,
        [
            Account("acme", "pub_a", "sandbox", {"secret": SECRET}),
            Account("other", "pub_b", "sandbox", {"secret": "another"}),
        ],
    )


Tell = Callable[..., TestResponse]


@pytest.fixture
def tell(app: Flask) -> Tell:
    """Send a notification of the sandbox; what was answered."""

    def send(
        kind: str, *, event_id: str | None = None, account: str = "acme", secret: str = SECRET, **fact: Any
    ) -> Any:
        content = {
            "id": event_id or new_id("evt"),
            "type": kind,
            "occurred_at": clock.rfc3339(clock.now()),
            "fact": fact,
        }
        return post(app, json.dumps(content).encode(), account=account, secret=secret)

    return send


def post(
    app: Flask, body: bytes, *, account: str | None = "acme", secret: str = SECRET, provider: str = "sandbox"
) -> Any:
    query = f"?account={account}" if account else ""
    headers = {HEADER: signature(body, secret=secret, at=clock.now())}
    return app.test_client().post(f"/v1/billing/webhooks/{provider}{query}", data=body, headers=headers)


def euros(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "EUR"}


@pytest.fixture
def doubtful(api: Api, database: Database) -> dict[str, Any]:
    """A purchase whose charge is in doubt: its transaction, and the operation's key."""
    customer = api.customer()
    api.method(customer, "tok_look_up_only")
    bought = api.buy(customer, api.offer()["id"])["transaction"]
    assert bought["status"] == "pending"
    with database.transaction("pub_a") as session:
        key = session.connection().exec_driver_sql("SELECT id FROM operation").scalar_one()
    return {"customer": customer, "id": bought["id"], "key": key, "reference": f"sandbox_charge_{key}"}


@pytest.fixture
def paid(api: Api) -> dict[str, Any]:
    customer = api.customer()
    api.method(customer)
    bought = api.buy(customer, api.offer()["id"])["transaction"]
    assert bought["status"] == "succeeded"
    return {"customer": customer, **bought}


def transaction(api: Api, transaction_id: str) -> dict[str, Any]:
    return api.ok("GET", f"transactions/{transaction_id}")


def refund_of(paid: dict[str, Any], amount: int | None, reference: str = "re_1") -> dict[str, Any]:
    told = {"key": None, "reference": reference, "charge_reference": paid["provider_reference"], "charge_key": None}
    return {**told, "amount": euros(amount) if amount else None}
