"""Buying: what is charged, what it begins, and what is counted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from servicekit.db.database import Database
from services.billing.actions import purchases
from services.billing.models.subscriptions import Subscription
from services.billing.tests.conftest import Api, code_of, outbox_of


def test_a_subscription_is_charged_begins_and_is_counted(api: Api, system_database: Database) -> None:
    anna = api.customer(first_name="Anna", last_name="Müller")
    offer = api.offer()
    api.method(anna)
    bought = api.buy(anna, offer["id"])
    assert bought["transaction"]["status"] == "succeeded"
    assert bought["transaction"]["amount"] == {"amount_minor": 999, "currency": "EUR"}
    assert bought["transaction"]["tax"] == {"amount_minor": 160, "currency": "EUR"}  # 9.99 x 19 / 119 = 1.5950…
    assert bought["subscription"]["status"] == "active"
    account = api.account(anna)
    assert account["transactions_count"] == 1
    assert account["lifetime_value"] == [{"amount_minor": 999, "currency": "EUR"}]
    assert account["active_subscriptions"] == 1
    assert account["next_payment_at"] == bought["subscription"]["current_period_end"]
    assert account["last_payment_method"]["last4"] == "4242"
    assert account["has_access"]
    (invoice,) = api.ok("GET", f"invoices?customer_id={anna}")["items"]
    assert invoice["buyer"]["name"] == "Anna Müller"
    assert invoice["number"].endswith("-000001")
    told = [event.type for event in outbox_of(system_database)]
    for expected in ("transaction.created", "transaction.succeeded", "subscription.started", "access.granted"):
        assert f"billing.{expected}.v1" in told
    newest = [event for event in outbox_of(system_database) if event.type == "billing.account.changed.v1"][-1]
    assert newest.data == api.account(anna) | {}


def test_a_declined_card_gives_nothing(api: Api) -> None:
    bob = api.customer()
    offer = api.offer()
    api.method(bob, "tok_declined")
    bought = api.buy(bob, offer["id"])
    assert bought["transaction"]["status"] == "failed"
    assert bought["transaction"]["failure"]["code"]
    assert bought["subscription"] is None
    account = api.account(bob)
    assert account["transactions_count"] == 1
    assert account["lifetime_value"] == []
    assert not account["has_access"]


def test_a_trial_costs_nothing_and_is_given_once(api: Api) -> None:
    bob = api.customer()
    offer = api.offer(trial_days=14)
    api.method(bob)
    first = api.buy(bob, offer["id"])
    assert first["transaction"] is None
    assert first["subscription"]["status"] == "trialing"
    assert api.account(bob)["has_access"]
    again = api.send("POST", "purchases", {"customer_id": bob, "offer_id": offer["id"]})
    assert (again.status_code, code_of(again)) == (409, "already_subscribed")


def test_a_stores_purchase_is_recorded_once(api: Api) -> None:
    eve = api.customer()
    offer = api.offer()
    order = {"channel": "google", "external_order_id": "GPA.3345-1234-5678-90123"}
    bought = api.buy(eve, offer["id"], **order)
    assert bought["transaction"]["status"] == "succeeded"
    assert bought["transaction"]["payment_method"] == {"id": None, "kind": "store", "brand": "google", "last4": None}
    assert bought["subscription"]["external_id"] == "GPA.3345-1234-5678-90123"
    single = api.offer(kind="single", period=None)
    again = api.send(
        "POST", "purchases",
        {"customer_id": eve, "offer_id": single["id"], **order, "external_order_id": "gpa.3345-1234-5678-90123"},
    )  # fmt: skip
    assert (again.status_code, code_of(again)) == (409, "external_order_id_taken")
    assert api.account(eve)["transactions_count"] == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"customer_id": "cus_06h5yvkg1scm7h3b8k5rqt2xzw"}, 404),
        ({"offer_id": "off_06h5yvkg1scm7h3b8k5rqt2xzw"}, 404),
        ({"payment_method_id": "pm_06h5yvkg1scm7h3b8k5rqt2xzw"}, 404),
        ({"customer_id": "cus_1"}, 422),
        ({"channel": "fax"}, 422),
        ({"channel": "apple"}, 422),
        ({"amount": {"amount_minor": 5, "currency": "EUR"}}, 422),
        ({"channel": "apple", "external_order_id": "1", "amount": {"amount_minor": -5, "currency": "EUR"}}, 422),
        ({"channel": "apple", "external_order_id": "1", "amount": {"amount_minor": 10**18, "currency": "EUR"}}, 422),
        ({"channel": "apple", "external_order_id": "1", "amount": {"amount": "1.5", "currency": "JPY"}}, 422),
        ({"channel": "apple", "external_order_id": "1", "amount": {"amount": "1.2345", "currency": "KWD"}}, 422),
        ({"channel": "apple", "external_order_id": "1", "amount": {"amount_minor": 1.5, "currency": "EUR"}}, 422),
        ({"channel": "apple", "external_order_id": "1", "amount": {"amount_minor": True, "currency": "EUR"}}, 422),
        ({"channel": "apple", "external_order_id": "1", "amount": {"amount_minor": 5, "currency": "XAU"}}, 422),
        ({"unknown": 1}, 422),
    ],
    ids=str,
)
def test_bad_input_is_refused_and_changes_nothing(api: Api, change: dict[str, object], status: int) -> None:
    bob = api.customer()
    offer = api.offer()
    api.method(bob)
    before = api.account(bob)
    answer = api.send("POST", "purchases", {"customer_id": bob, "offer_id": offer["id"], **change})
    assert answer.status_code == status, answer.text
    assert api.account(bob) == before


def test_without_payment_details_nothing_is_bought_on_the_web(api: Api) -> None:
    bob = api.customer()
    answer = api.send("POST", "purchases", {"customer_id": bob, "offer_id": api.offer()["id"]})
    assert (answer.status_code, code_of(answer)) == (409, "no_payment_method")


def test_twenty_at_once_subscribe_once(api: Api) -> None:
    bob = api.customer()
    offer = api.offer()
    api.method(bob)
    body = {"customer_id": bob, "offer_id": offer["id"]}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.send("POST", "purchases", body).status_code, range(20)))
    account = api.account(bob)
    assert account["active_subscriptions"] == 1
    assert account["lifetime_value"] == [{"amount_minor": 999, "currency": "EUR"}]
    assert answers.count(201) == 1


def test_the_same_request_again_gets_the_same_answer(api: Api) -> None:
    bob = api.customer()
    offer = api.offer()
    api.method(bob)
    body = {"customer_id": bob, "offer_id": offer["id"]}
    first = api.send("POST", "purchases", body, headers={"Idempotency-Key": "one"})
    second = api.send("POST", "purchases", body, headers={"Idempotency-Key": "one"})
    assert first.json == second.json
    assert (first.status_code, second.status_code) == (201, 201)
    assert api.account(bob)["transactions_count"] == 1


def test_nobody_sees_another_publishers(api: Api) -> None:
    bob = api.customer()
    offer = api.offer()
    api.method(bob)
    bought = api.buy(bob, offer["id"])
    for path in (
        f"offers/{offer['id']}",
        f"transactions/{bought['transaction']['id']}",
        f"subscriptions/{bought['subscription']['id']}",
        f"customers/{bob}/account",
        f"transactions?customer_id={bob}",
    ):
        assert api.send("GET", path, as_="b").status_code == 404, path


def test_an_order_by_which_a_subscription_is_called_already_is_refused(api: Api, database: Database) -> None:
    """A subscription that came from a file has the ID of the order that began it, and no transaction."""
    anna, boris, offer = api.customer(), api.customer(), api.offer()["id"]
    api.buy(anna, offer, channel="google", external_order_id="GPA.1")
    with database.transaction("pub_a") as session:
        session.execute(update(Subscription).values(external_id="GPA.2"))
    body = {"customer_id": boris, "offer_id": offer, "channel": "google", "external_order_id": "GPA.2"}
    refused = api.send("POST", "purchases", body)
    assert (refused.status_code, code_of(refused)) == (409, "external_order_id_taken")
    assert api.account(boris)["transactions_count"] == 0


def test_an_order_that_another_customer_got_at_the_same_moment_is_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sees the other's until it is committed: only the database can tell."""
    anna, boris, offer = api.customer(), api.customer(), api.offer()["id"]
    api.buy(anna, offer, channel="google", external_order_id="GPA.1")
    monkeypatch.setattr(purchases, "_require_new_order", lambda *_: None)
    body = {"customer_id": boris, "offer_id": offer, "channel": "google", "external_order_id": "gpa.1"}
    refused = api.send("POST", "purchases", body)
    assert (refused.status_code, code_of(refused)) == (409, "external_order_id_taken")
