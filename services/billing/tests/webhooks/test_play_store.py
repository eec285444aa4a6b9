"""What Google Play tells becomes subscriptions, transactions, access and refunds."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from servicekit.db.database import Database
from servicekit.ids import new_id
from services.billing.providers.accounts import Account
from services.billing.providers.registry import Providers
from services.billing.tests.conftest import Api, code_of
from services.billing.tests.providers.fake_google import FakeGoogle
from services.billing.tests.providers.google_world import GoogleWorld, google_world
from services.billing.tests.webhooks.conftest import euros
from services.billing.tests.webhooks.stores import PRODUCT, PlayStore

ORDER = "GPA.3345-1234-5678-90123"
CUSTOMER = new_id("cus")


@pytest.fixture
def google() -> Any:
    with google_world() as made:
        yield made


@pytest.fixture
def providers(database: Database, google: GoogleWorld, monkeypatch: pytest.MonkeyPatch) -> Providers:
    monkeypatch.setattr("services.billing.providers.registry._make", lambda _account: google.provider)
    return Providers(database, [Account("acme-google", "pub_a", "google", {})])


@pytest.fixture
def customer(api: Api) -> str:
    api.offer(external_id=PRODUCT)
    return api.customer(customer_id=CUSTOMER)


@pytest.fixture
def play(app: Flask, google: GoogleWorld, customer: str) -> PlayStore:
    google.fake.sell(ORDER)
    google.fake.subscribe("token-1", ORDER)["externalAccountIdentifiers"] = {"obfuscatedExternalAccountId": CUSTOMER}
    return PlayStore(app, google)


def subscription(api: Api) -> dict[str, Any]:
    (only,) = api.ok("GET", f"subscriptions?customer_id={CUSTOMER}")["items"]
    return dict(only)


def transactions(api: Api) -> list[dict[str, Any]]:
    return list(api.ok("GET", f"transactions?customer_id={CUSTOMER}")["items"])


def renewed(fake: FakeGoogle, number: int) -> None:
    order_id = f"{ORDER}..{number}"
    order = fake.sell(order_id)
    month = 4 + number
    order["createTime"] = f"2026-{month:02}-01T10:00:00Z"
    order["lineItems"][0]["subscriptionDetails"]["servicePeriodStartTime"] = f"2026-{month:02}-01T10:00:00Z"
    line = fake.subscriptions["token-1"]["lineItems"][0]
    line["latestSuccessfulOrderId"], line["expiryTime"] = order_id, f"2026-{month + 1:02}-01T10:00:00Z"


def test_a_purchase_and_its_renewals(api: Api, play: PlayStore, google: GoogleWorld) -> None:
    assert play.subscription("1", 4).status_code == 204
    for number in (0, 1):
        renewed(google.fake, number)
        assert play.subscription(f"r{number}", 2).status_code == 204
    told = transactions(api)
    assert [each["external_order_id"] for each in told] == [f"{ORDER}..1", f"{ORDER}..0", ORDER]
    assert {each["amount"]["amount_minor"] for each in told} == {1299}
    now = subscription(api)
    assert (now["status"], now["external_id"], now["provider"]) == ("active", "token-1", "google")
    assert now["current_period_end"].startswith("2026-06-01")


def test_a_purchase_that_the_app_had_reported_already_goes_on_with_its_renewal(
    api: Api, play: PlayStore, google: GoogleWorld
) -> None:
    offer = api.ok("GET", "offers")["items"][0]
    api.buy(CUSTOMER, offer["id"], channel="google", external_order_id=ORDER)
    play.subscription("1", 4)
    renewed(google.fake, 0)
    google.fake.subscriptions["token-1"]["lineItems"][0]["expiryTime"] = "2036-01-01T10:00:00Z"
    assert play.subscription("2", 2).status_code == 204
    assert [each["external_order_id"] for each in transactions(api)][::-1].count(ORDER) == 1
    assert len(transactions(api)) == 2
    assert subscription(api)["external_id"] == "token-1"


def test_a_cancellation_tells_the_state_that_google_has(api: Api, play: PlayStore, google: GoogleWorld) -> None:
    play.subscription("1", 4)
    google.fake.subscriptions["token-1"]["subscriptionState"] = "SUBSCRIPTION_STATE_CANCELED"
    assert play.subscription("2", 3).status_code == 204
    assert subscription(api)["status"] == "cancelled"
    google.fake.subscriptions["token-1"]["subscriptionState"] = "SUBSCRIPTION_STATE_ACTIVE"
    assert play.subscription("3", 7).status_code == 204
    assert subscription(api)["status"] == "active"


def test_a_voided_purchase(api: Api, play: PlayStore) -> None:
    play.subscription("1", 4)
    content = {"purchaseToken": "token-1", "orderId": ORDER, "productType": 1, "refundType": 1}
    for message in ("2", "2", "3"):
        assert play.tell(message, voidedPurchaseNotification=content).status_code == 204
    (paid,) = transactions(api)
    assert (paid["status"], paid["refunded"], len(paid["refunds"])) == ("refunded", euros(1299), 1)
    assert subscription(api)["status"] == "expired"


def test_something_bought_once(api: Api, play: PlayStore, google: GoogleWorld) -> None:
    api.offer(external_id="issue_42", kind="single", period=None, name="Issue 42")
    google.fake.sell("GPA.1")
    google.fake.products["token-2"] = {"orderId": "GPA.1", "obfuscatedExternalAccountId": CUSTOMER}
    content = {"version": "1.0", "notificationType": 1, "purchaseToken": "token-2", "sku": "issue_42"}
    assert play.tell("1", oneTimeProductNotification=content).status_code == 204
    (paid,) = transactions(api)
    assert (paid["external_order_id"], paid["subscription_id"]) == ("GPA.1", None)
    assert api.account(CUSTOMER)["has_access"]


def test_google_play_being_down_loses_nothing(api: Api, play: PlayStore, google: GoogleWorld) -> None:
    google.troubles.add("GET", "/androidpublisher", "down")
    assert play.subscription("1", 4).status_code == 503
    assert transactions(api) == []
    assert play.subscription("1", 4).status_code == 204
    assert len(transactions(api)) == 1


def test_a_push_without_googles_token_changes_nothing(app: Flask, api: Api, play: PlayStore) -> None:
    answer = app.test_client().post("/v1/billing/webhooks/google", data=b"{}")
    assert (answer.status_code, code_of(answer)) == (400, "signature_invalid")
    assert transactions(api) == []
