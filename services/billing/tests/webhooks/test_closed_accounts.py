"""What a store goes on selling to somebody whose account is closed is money, and nothing else."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask

from servicekit.db.database import Database
from servicekit.ids import id_of_uuid
from services.billing.providers.accounts import Account
from services.billing.providers.registry import Providers
from services.billing.tests.conftest import Api, outbox_of
from services.billing.tests.providers.apple_world import apple_world
from services.billing.tests.webhooks.conftest import euros
from services.billing.tests.webhooks.stores import PRODUCT, AppStore
from services.billing.tests.webhooks.test_app_store import access, subscription, transactions

TOKEN = str(uuid.uuid4())


@pytest.fixture
def providers(database: Database, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Apple is set up for publisher A, with the authority of these tests."""
    with apple_world() as apple:
        monkeypatch.setattr("services.billing.providers.registry._make", lambda _account: apple.provider)
        yield Providers(database, [Account("acme-apple", "pub_a", "apple", {})])


@pytest.fixture
def customer(api: Api) -> str:
    api.offer(external_id=PRODUCT)
    return api.customer(customer_id=id_of_uuid("cus", uuid.UUID(TOKEN)))


@pytest.fixture
def store(app: Flask, customer: str) -> AppStore:
    return AppStore(app, TOKEN)


def close(app: Flask, customer: str) -> None:
    """As the customers service has it closed; what runs ends."""
    answer = app.test_client().post(
        f"/internal/accounts/{customer}/close",
        json={"publisher_id": "pub_a", "end_access": True},
        headers={"Authorization": "Bearer customers"},
    )
    assert answer.status_code == 200, answer.text


def booked(system_database: Database) -> list[str]:
    """The events that tell of money, and those that tell that something may be used."""
    wanted = ("transaction.succeeded", "subscription.", "access.")
    types = [event.type.removeprefix("billing.").removesuffix(".v1") for event in outbox_of(system_database)]
    return [each for each in types if each.startswith(wanted)]


def test_what_is_bought_after_the_account_was_closed_is_booked_and_gives_nothing(
    app: Flask, api: Api, store: AppStore, customer: str, system_database: Database
) -> None:
    close(app, customer)
    assert store.buy().status_code == 204
    assert store.renew(1).status_code == 204
    assert [each["status"] for each in transactions(api, customer)] == ["succeeded", "succeeded"]
    assert api.ok("GET", f"subscriptions?customer_id={customer}")["items"] == []
    assert api.ok("GET", f"access?customer_id={customer}")["items"] == []
    account = api.account(customer)
    assert (account["status"], account["has_access"], account["active_subscriptions"]) == ("closed", False, 0)
    assert account["lifetime_value"] == [euros(2 * 1299)]
    assert booked(system_database) == ["transaction.succeeded"] * 2


def test_a_store_that_goes_on_renewing_revives_nothing_in_a_closed_account(
    app: Flask, api: Api, store: AppStore, customer: str
) -> None:
    store.buy()
    close(app, customer)
    assert store.renew(1).status_code == 204
    assert store.tell("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED").status_code == 204
    assert subscription(api, customer)["status"] == "expired"
    assert access(api, customer)["ended_at"] is not None
    assert not api.account(customer)["has_access"]
    assert api.account(customer)["lifetime_value"] == [euros(2 * 1299)]


def test_changes_of_what_never_began_there_are_not_told_again_and_again(
    app: Flask, store: AppStore, customer: str
) -> None:
    close(app, customer)
    assert store.buy().status_code == 204
    assert store.tell("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED").status_code == 204
