"""What the App Store tells becomes subscriptions, transactions, access and refunds."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask import Flask

from servicekit.db.database import Database
from servicekit.ids import id_of_uuid
from services.billing.execution.executor import Executor
from services.billing.notified import store_payments
from services.billing.providers.accounts import Account
from services.billing.providers.registry import Providers
from services.billing.tests.conftest import Api, code_of
from services.billing.tests.providers.apple_signing import Authority
from services.billing.tests.providers.apple_world import apple_world
from services.billing.tests.webhooks.conftest import euros
from services.billing.tests.webhooks.stores import BEGAN, FIRST, PRODUCT, AppStore, after, milliseconds

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


def subscription(api: Api, customer: str) -> dict[str, Any]:
    (only,) = api.ok("GET", f"subscriptions?customer_id={customer}")["items"]
    return dict(only)


def transactions(api: Api, customer: str) -> list[dict[str, Any]]:
    return list(api.ok("GET", f"transactions?customer_id={customer}")["items"])


def access(api: Api, customer: str) -> dict[str, Any]:
    (only,) = api.ok("GET", f"access?customer_id={customer}")["items"]
    return dict(only)


def test_a_first_purchase(api: Api, store: AppStore, customer: str) -> None:
    assert store.buy().status_code == 204
    bought = subscription(api, customer)
    assert (bought["status"], bought["channel"], bought["external_id"]) == ("active", "apple", FIRST)
    assert bought["current_period_end"].startswith(after(1).date().isoformat())
    (paid,) = transactions(api, customer)
    assert (paid["status"], paid["kind"], paid["external_order_id"]) == ("succeeded", "purchase", FIRST)
    assert (paid["amount"], paid["created_at"][:10]) == (euros(1299), BEGAN.date().isoformat())
    assert paid["payment_method"]["kind"] == "store"
    assert access(api, customer)["ends_at"] == bought["current_period_end"]
    assert api.account(customer)["lifetime_value"] == [euros(1299)]


def test_nothing_is_ever_charged_by_us_for_it(
    api: Api, store: AppStore, customer: str, executor: Executor, database: Database
) -> None:
    store.buy()
    executor.step()
    with database.transaction("pub_a") as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM operation").scalar_one() == 0


def test_renewals_follow(api: Api, store: AppStore, customer: str) -> None:
    store.buy()
    assert store.renew(1).status_code == 204
    assert store.renew(2).status_code == 204
    assert [each["kind"] for each in transactions(api, customer)] == ["renewal", "renewal", "purchase"]
    renewed = subscription(api, customer)
    assert renewed["current_period_end"].startswith(after(3).date().isoformat())
    assert access(api, customer)["ends_at"] == renewed["current_period_end"]
    assert api.account(customer)["lifetime_value"] == [euros(3 * 1299)]


def test_a_renewal_that_comes_in_while_the_first_payment_is_taken_in(
    api: Api, store: AppStore, customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finds no subscription, waits for the account, and then there is one."""
    store.buy()
    monkeypatch.setattr(store_payments, "subscription_of", _blind_once(store_payments.subscription_of))
    assert store.renew(1).status_code == 204
    assert [each["kind"] for each in transactions(api, customer)] == ["renewal", "purchase"]
    assert subscription(api, customer)["current_period_end"].startswith(after(2).date().isoformat())


def _blind_once(look: Any) -> Any:
    seen = iter([False])
    return lambda *asked: look(*asked) if next(seen, True) else None


def test_renewals_out_of_order_are_all_money_and_the_latest_period_counts(
    api: Api, store: AppStore, customer: str
) -> None:
    store.buy()
    assert store.renew(2).status_code == 204
    assert store.renew(1).status_code == 204
    assert len(transactions(api, customer)) == 3
    assert subscription(api, customer)["current_period_end"].startswith(after(3).date().isoformat())
    assert api.account(customer)["lifetime_value"] == [euros(3 * 1299)]


def test_the_same_payment_told_twice_in_different_notifications_counts_once(
    api: Api, store: AppStore, customer: str
) -> None:
    store.buy()
    store.buy()
    store.renew(1)
    store.renew(1)
    assert len(transactions(api, customer)) == 2
    assert api.account(customer)["lifetime_value"] == [euros(2 * 1299)]


def test_a_purchase_that_the_app_had_reported_already_is_not_doubled(api: Api, store: AppStore, customer: str) -> None:
    offer = api.ok("GET", "offers")["items"][0]
    api.buy(customer, offer["id"], channel="apple", external_order_id=FIRST)
    assert store.buy().status_code == 204
    assert len(transactions(api, customer)) == 1
    assert store.renew(1).status_code == 204
    assert subscription(api, customer)["current_period_end"].startswith(after(2).date().isoformat())


def test_a_trial_costs_nothing_until_it_is_renewed(api: Api, store: AppStore, customer: str) -> None:
    store.buy(offerType=1, offerDiscountType="FREE_TRIAL", price=0)
    trial = subscription(api, customer)
    assert (trial["status"], trial["trial_end"]) == ("trialing", trial["current_period_end"])
    store.renew(1)
    assert (subscription(api, customer)["status"], subscription(api, customer)["price"]) == ("active", euros(1299))


def test_turning_renewal_off_and_on(api: Api, store: AppStore, customer: str) -> None:
    store.buy()
    store.tell("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED")
    off = subscription(api, customer)
    assert (off["status"], off["cancel_at_period_end"]) == ("cancelled", True)
    assert access(api, customer)["ended_at"] is None
    store.tell("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED")
    assert subscription(api, customer)["status"] == "active"


def test_on_and_off_out_of_order_end_as_the_later_one_says(api: Api, store: AppStore, customer: str) -> None:
    store.buy(at=BEGAN)
    store.tell("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED", at=after(0).replace(hour=12))
    store.tell("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", at=after(0).replace(hour=11))
    assert subscription(api, customer)["status"] == "active"


def test_a_payment_problem_and_its_recovery(api: Api, store: AppStore, customer: str) -> None:
    store.buy()
    store.tell("DID_FAIL_TO_RENEW")
    assert subscription(api, customer)["status"] == "past_due"
    store.renew(1)
    assert subscription(api, customer)["status"] == "active"


def test_the_end_and_a_new_beginning(api: Api, store: AppStore, customer: str) -> None:
    store.buy(expiresDate=milliseconds(BEGAN) + 1000)
    store.tell("EXPIRED", "VOLUNTARY", expiresDate=milliseconds(BEGAN) + 1000)
    ended = subscription(api, customer)
    assert (ended["status"], ended["ended_reason"]) == ("expired", "expired.voluntary")
    assert not api.account(customer)["has_access"]
    store.tell(
        "SUBSCRIBED",
        "RESUBSCRIBE",
        transactionId="2000000000000055",
        purchaseDate=milliseconds(BEGAN) + 5000,
        expiresDate=milliseconds(after(1)),
    )
    assert subscription(api, customer)["status"] == "active"
    assert api.account(customer)["has_access"]


def test_access_that_apple_takes_away(api: Api, store: AppStore, customer: str) -> None:
    store.buy()
    store.tell("REVOKE")
    assert subscription(api, customer)["status"] == "expired"
    assert not api.account(customer)["has_access"]


def test_a_refund_by_apple_ends_what_was_paid_with_it(api: Api, store: AppStore, customer: str) -> None:
    store.buy()
    assert store.tell("REFUND", transactionId=FIRST).status_code == 204
    (paid,) = transactions(api, customer)
    assert (paid["status"], paid["refunded"]) == ("refunded", euros(1299))
    assert (paid["refunds"][0]["requested_by"], paid["refunds"][0]["ends_access"]) == ("apple", True)
    assert subscription(api, customer)["status"] == "expired"
    assert not api.account(customer)["has_access"]


def test_a_refund_of_an_earlier_period_leaves_the_present_one(api: Api, store: AppStore, customer: str) -> None:
    store.buy()
    store.renew(1)
    store.tell("REFUND", transactionId=FIRST)
    assert subscription(api, customer)["status"] == "active"
    assert api.account(customer)["lifetime_value"] == [euros(1299)]


def test_a_refund_that_apple_takes_back(api: Api, store: AppStore, customer: str) -> None:
    store.buy()
    store.tell("REFUND", transactionId=FIRST)
    store.tell("REFUND_REVERSED", transactionId=FIRST)
    (paid,) = transactions(api, customer)
    assert (paid["status"], paid["refunded"]) == ("succeeded", euros(0))


def test_another_product_is_a_switch(api: Api, store: AppStore, customer: str) -> None:
    yearly = api.offer(external_id="yearly", name="Yearly", period={"unit": "year", "count": 1})
    store.buy()
    store.renew(1, productId="yearly", price=99_000)
    after_it = subscription(api, customer)
    assert (after_it["offer"]["id"], after_it["price"]) == (yearly["id"], euros(9900))


@pytest.mark.parametrize("account", [None, "0b5a3c1e-6f2d-4c8b-9a7e-1d2f3a4b5c6d"])
def test_a_purchase_of_nobody_known_is_told_again_later(
    api: Api, store: AppStore, customer: str, account: str | None
) -> None:
    answer = store.buy(appAccountToken=account)
    assert (answer.status_code, code_of(answer)) == (503, "not_known_yet")
    assert transactions(api, customer) == []


def test_a_product_without_an_offer_is_told_again_until_there_is_one(api: Api, store: AppStore, customer: str) -> None:
    assert store.buy(productId="weekly").status_code == 503
    api.offer(external_id="weekly")
    assert store.buy(productId="weekly").status_code == 204
    assert len(transactions(api, customer)) == 1


def test_a_renewal_of_an_unknown_subscription_begins_it(api: Api, store: AppStore, customer: str) -> None:
    assert store.renew(1).status_code == 204
    assert subscription(api, customer)["current_period_end"].startswith(after(2).date().isoformat())


def test_a_change_or_a_refund_before_the_purchase_is_told_again_later(api: Api, store: AppStore, customer: str) -> None:
    for kind in ("EXPIRED", "REFUND", "REVOKE"):
        assert store.tell(kind).status_code == 503


def test_what_another_authority_signed_changes_nothing(api: Api, store: AppStore, customer: str) -> None:
    answer = store.send(Authority().notification("DID_RENEW"))
    assert (answer.status_code, code_of(answer)) == (400, "signature_invalid")
    assert transactions(api, customer) == []


def test_a_notification_sent_again_changes_nothing(api: Api, store: AppStore, customer: str) -> None:
    store.buy()
    before = subscription(api, customer)
    assert store.send(store.sent).status_code == 204
    assert subscription(api, customer) == before
    assert len(transactions(api, customer)) == 1
