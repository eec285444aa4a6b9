"""Deleting payment details: what relied on them is said before, and the provider forgets them too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from services.billing.providers.sandbox_table import TableStore
from services.billing.tests.conftest import code_of
from services.billing.tests.renewing import World

ANY = {"If-Match": "*"}


def test_the_renewals_that_rely_on_them_are_told_before(world: World) -> None:
    anna, subscription = world.subscribe()
    path = f"payment_methods/{subscription['payment_method_id']}"
    told = world.api.ok("GET", f"{path}/consequences")
    assert (told["allowed"], told["code"]) == (True, None)
    renewal, last = told["items"]
    assert renewal["code"] == "renewal_without_method"
    assert renewal["subscription_id"] == subscription["id"]
    assert renewal["at"] == subscription["current_period_end"]
    assert renewal["amount"] == {"amount_minor": 999, "currency": "EUR"}
    assert renewal["payment_method_id"] is None
    assert last["code"] == "last_method"
    other = world.api.method(anna, "tok_mastercard", make_default=True)
    (moves,) = world.api.ok("GET", f"{path}/consequences")["items"]
    assert (moves["code"], moves["payment_method_id"]) == ("renewal_moves", other["id"])
    (gone,) = world.api.ok("GET", f"payment_methods/{other['id']}/consequences")["items"]
    assert gone["code"] == "default_gone"


def test_deleted_they_are_gone_at_the_provider_too(world: World) -> None:
    anna, subscription = world.subscribe()
    path = f"payment_methods/{subscription['payment_method_id']}"
    answer = world.api.send("DELETE", path, headers={"Idempotency-Key": "once"})
    assert (answer.status_code, (answer.json or {})["status"], (answer.json or {})["is_default"]) == (
        200,
        "detached",
        False,
    )
    assert (answer.json or {})["detached_at"]
    assert world.api.send("DELETE", path, headers={"Idempotency-Key": "once"}).json == answer.json
    assert world.api.ok("DELETE", path) == answer.json
    assert len(TableStore(world.database, "pub_a").entries("detach")) == 1
    assert world.api.ok("GET", f"payment_methods?customer_id={anna}")["items"] == []
    assert world.api.account(anna)["last_payment_method"]["last4"] == "4242"
    assert len(world.told("payment_method.detached")) == 1
    refused = world.api.send("POST", "purchases", {"customer_id": anna, "offer_id": world.api.offer()["id"]})
    assert code_of(refused) == "no_payment_method"


def test_a_provider_that_is_down_is_asked_again(world: World) -> None:
    anna, _ = world.subscribe("tok_detach_down_once")
    (method,) = world.api.ok("GET", f"payment_methods?customer_id={anna}")["items"]
    answer = world.api.send("DELETE", f"payment_methods/{method['id']}")
    assert (answer.status_code, (answer.json or {})["status"]) == (202, "detaching")
    refused = world.api.send("PATCH", f"payment_methods/{method['id']}", {"is_default": True}, headers=ANY)
    assert (refused.status_code, code_of(refused)) == (409, "payment_method_unusable")
    world.go(timedelta(minutes=1))
    assert world.api.ok("GET", f"payment_methods/{method['id']}")["status"] == "detached"


def test_what_is_being_charged_is_not_deleted(world: World) -> None:
    _anna, subscription = world.subscribe("tok_processing_forever", trial_days=10)
    world.go(timedelta(days=10))
    path = f"payment_methods/{subscription['payment_method_id']}"
    refused = world.api.send("DELETE", path)
    assert (refused.status_code, code_of(refused)) == (409, "payment_pending")
    told = world.api.ok("GET", f"{path}/consequences")
    assert (told["allowed"], told["code"]) == (False, "payment_pending")
    assert world.api.ok("GET", path)["status"] == "active"


def test_there_is_one_default(world: World) -> None:
    anna = world.api.customer()
    first, second = world.api.method(anna), world.api.method(anna, "tok_mastercard")
    assert (first["is_default"], second["is_default"]) == (True, False)
    world.api.ok("PATCH", f"payment_methods/{second['id']}", {"is_default": True})
    items = world.api.ok("GET", f"payment_methods?customer_id={anna}")["items"]
    assert {each["id"]: each["is_default"] for each in items} == {first["id"]: False, second["id"]: True}
    world.api.ok("PATCH", f"payment_methods/{second['id']}", {"is_default": False})
    assert not any(each["is_default"] for each in world.api.ok("GET", f"payment_methods?customer_id={anna}")["items"])
    stale = world.api.send(
        "PATCH", f"payment_methods/{second['id']}", {"is_default": True}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    expired = world.api.method(anna, "tok_expired")
    refused = world.api.send("PATCH", f"payment_methods/{expired['id']}", {"is_default": True}, headers=ANY)
    assert (refused.status_code, code_of(refused)) == (409, "payment_method_unusable")


def test_who_may(world: World) -> None:
    _anna, subscription = world.subscribe()
    path = f"payment_methods/{subscription['payment_method_id']}"
    assert world.api.send("DELETE", path, as_="reader").status_code == 403
    assert world.api.send("DELETE", path, as_="b").status_code == 404
    assert world.api.send("GET", f"{path}/consequences", as_="b").status_code == 404
    assert world.api.send("PATCH", path, {"is_default": "yes"}, headers=ANY).status_code == 422


def test_a_token_is_on_file_for_one_customer(world: World) -> None:
    anna, bo = world.api.customer(), world.api.customer()
    mine = world.api.method(anna, "tok_visa.shared")
    body = {"customer_id": bo, "provider": "sandbox", "token": "tok_visa.shared"}
    refused = world.api.send("POST", "payment_methods", body)
    assert (refused.status_code, code_of(refused)) == (409, "payment_method_taken")
    assert anna not in refused.text
    assert world.api.ok("GET", f"payment_methods?customer_id={bo}")["items"] == []
    assert world.api.method(anna, "tok_visa.shared")["id"] == mine["id"]
    other = world.api.customer(publisher_id="pub_b")
    assert world.api.send("POST", "payment_methods", {**body, "customer_id": other}, as_="b").status_code == 201


def test_of_two_customers_at_once_one_gets_a_token(world: World) -> None:
    customers = [world.api.customer() for _ in range(8)]

    def attach(customer: str) -> int:
        body = {"customer_id": customer, "provider": "sandbox", "token": "tok_visa.shared"}
        return world.api.send("POST", "payment_methods", body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attach, customers)) == [201, *[409] * 7]
