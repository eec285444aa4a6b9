"""Giving money back: how much, when, what ends with it, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from servicekit import clock
from servicekit.db.database import Database
from services.billing.execution.executor import Executor
from services.billing.models.transactions import Transaction
from services.billing.providers.sandbox_table import TableStore
from services.billing.tests.conftest import Api, code_of
from services.billing.tests.paid import KEEP, WHY, bought, euros, refund, told


def test_a_full_refund_ends_access_and_subscription(api: Api, system_database: Database, database: Database) -> None:
    anna, paid = bought(api)
    done = refund(api, paid, comment="Paid twice")
    assert done["transaction"]["status"] == "refunded"
    assert done["transaction"]["refunded"] == euros(999)
    assert done["transaction"]["remaining"] == euros(0)
    assert done["refund"]["status"] == "succeeded"
    assert done["refund"]["comment"] == "Paid twice"
    assert done["refund"]["operation"] is None
    assert done["subscription"]["status"] == "expired"
    assert done["access"]["ended_at"]
    account = api.account(anna)
    assert account["lifetime_value"] == [euros(0)]
    assert not account["has_access"]
    assert account["active_subscriptions"] == 0
    assert account["next_payment_at"] is None
    invoices = api.ok("GET", f"invoices?customer_id={anna}")["items"]
    assert sum(each["total"]["amount_minor"] for each in invoices) == 0
    assert sum(each["tax"]["amount_minor"] for each in invoices) == 0
    assert told(system_database, paid) == ["created", "succeeded", "refund_requested", "refunded"]
    assert [each.amount_minor for each in TableStore(database, "pub_a").entries("refund")] == [999]


def test_a_partial_refund_does_what_was_chosen(api: Api) -> None:
    anna, paid = bought(api)
    done = refund(api, paid, amount=euros(300), **KEEP)
    assert done["transaction"]["status"] == "partially_refunded"
    assert done["transaction"]["remaining"] == euros(699)
    assert done["subscription"]["status"] == "active"
    assert api.account(anna)["has_access"]
    done = refund(api, paid, amount={"amount": "1.00", "currency": "EUR"}, end_access=False, stop_renewals=True)
    assert done["subscription"]["status"] == "cancelled"
    assert done["subscription"]["cancel_at_period_end"]
    assert done["access"]["ended_at"] is None
    assert api.account(anna)["next_payment_at"] is None
    done = refund(api, paid, amount=euros(100), end_access=True, stop_renewals=False)
    assert done["access"]["ended_at"]
    assert api.account(anna)["lifetime_value"] == [euros(499)]
    done = refund(api, paid)
    assert done["refund"]["amount"] == euros(499)
    invoices = api.ok("GET", f"invoices?customer_id={anna}")["items"]
    assert len(invoices) == 5
    assert sum(each["tax"]["amount_minor"] for each in invoices) == 0


def test_a_partial_refund_needs_the_choices(api: Api) -> None:
    _, paid = bought(api)
    answer = api.send("POST", f"transactions/{paid}/refund", {**WHY, "amount": euros(1)})
    assert answer.status_code == 422
    assert [each["where"] for each in (answer.json or {})["errors"]] == ["/end_access", "/stop_renewals"]
    answer = api.send("POST", f"transactions/{paid}/refund", {**WHY, "amount": euros(1), "end_access": False})
    assert [each["where"] for each in (answer.json or {})["errors"]] == ["/stop_renewals"]


def test_a_full_refund_of_a_period_that_is_over_leaves_what_runs(api: Api, database: Database) -> None:
    anna, paid = bought(api)
    with database.transaction("pub_a") as session:
        over = clock.now() - timedelta(seconds=1)
        session.execute(update(Transaction).where(Transaction.id == paid).values(period_end=over))
    (item, *_) = api.ok("GET", f"transactions/{paid}/actions")["items"]
    assert item["defaults"] == {"end_access": False, "stop_renewals": False}
    done = refund(api, paid)
    assert done["transaction"]["status"] == "refunded"
    assert done["subscription"]["status"] == "active"
    assert api.account(anna)["has_access"]


def test_told_otherwise_a_full_refund_ends_nothing(api: Api) -> None:
    anna, paid = bought(api)
    done = refund(api, paid, **KEEP)
    assert done["subscription"]["status"] == "active"
    assert api.account(anna)["has_access"]


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"amount": euros(1000)}, 409, "refund_exceeds_remaining"),
    ({"amount": euros(0)}, 422, "invalid"),
    ({"amount": euros(-1)}, 422, "invalid"),
    ({"amount": euros(10**18)}, 422, "invalid"),
    ({"amount": {"amount_minor": 1, "currency": "USD"}}, 422, "currency_mismatch"),
    ({"amount": {"amount": "1.234", "currency": "EUR"}}, 422, "invalid"),
    ({"amount": {"amount": "1.5", "currency": "JPY"}}, 422, "invalid"),
    ({"amount": {"amount": "1.2345", "currency": "KWD"}}, 422, "invalid"),
    ({"amount": {"amount": "1e2", "currency": "EUR"}}, 422, "invalid"),
    ({"amount": {"amount": 1.5, "currency": "EUR"}}, 422, "invalid"),
    ({"amount": {"amount_minor": True, "currency": "EUR"}}, 422, "invalid"),
    ({"amount": {"amount_minor": 1, "amount": "0.01", "currency": "EUR"}}, 422, "invalid"),
    ({"amount": None}, 422, "invalid"),
    ({"amount": 5}, 422, "invalid"),
    ({"reason": "because"}, 422, "invalid"),
    ({"reason": None}, 422, "invalid"),
    ({"comment": "x" * 501}, 422, "invalid"),
    ({"end_access": "yes"}, 422, "invalid"),
    ({"unknown": 1}, 422, "invalid"),
]


@pytest.mark.parametrize(("change", "status", "code"), BAD, ids=str)
def test_bad_input_is_refused_and_changes_nothing(api: Api, change: dict[str, Any], status: int, code: str) -> None:
    anna, paid = bought(api)
    before = (api.ok("GET", f"transactions/{paid}"), api.account(anna))
    answer = api.send("POST", f"transactions/{paid}/refund", {**WHY, **KEEP, **change})
    assert (answer.status_code, code_of(answer)) == (status, code), answer.text
    assert (api.ok("GET", f"transactions/{paid}"), api.account(anna)) == before


@pytest.mark.parametrize(("currency", "price", "part"), [("JPY", 1200, "401"), ("KWD", 12345, "0.001")])
def test_currencies_have_their_own_decimals(api: Api, currency: str, price: int, part: str) -> None:
    _, paid = bought(api, price={"amount_minor": price, "currency": currency})
    done = refund(api, paid, amount={"amount": part, "currency": currency}, **KEEP)
    left = price - (401 if currency == "JPY" else 1)
    assert done["transaction"]["remaining"] == {"amount_minor": left, "currency": currency}


def test_what_was_not_paid_is_not_refunded(api: Api) -> None:
    _, failed = bought(api, "tok_declined")
    answer = api.send("POST", f"transactions/{failed}/refund", WHY)
    assert (answer.status_code, code_of(answer)) == (409, "transaction_failed")
    _, pending = bought(api, "tok_down")
    answer = api.send("POST", f"transactions/{pending}/refund", WHY)
    assert (answer.status_code, code_of(answer)) == (409, "transaction_pending")
    _, free = bought(api, kind="single", period=None, price=euros(0))
    answer = api.send("POST", f"transactions/{free}/refund", WHY)
    assert (answer.status_code, code_of(answer)) == (409, "nothing_left_to_refund")
    _, paid = bought(api)
    refund(api, paid)
    answer = api.send("POST", f"transactions/{paid}/refund", WHY)
    assert (answer.status_code, code_of(answer)) == (409, "transaction_refunded")
    answer = api.send("POST", "transactions/txn_06h5yvkg1scm7h3b8k5rqt2xzw/refund", WHY)
    assert (answer.status_code, code_of(answer)) == (404, "transaction_not_found")


@pytest.mark.parametrize("channel", ["apple", "google", "roku", "amazon"])
def test_a_stores_money_is_the_stores_to_give_back(api: Api, channel: str) -> None:
    eve = api.customer()
    paid = api.buy(eve, api.offer()["id"], channel=channel, external_order_id="1")["transaction"]["id"]
    for action in ("refund", "cancel"):
        answer = api.send("POST", f"transactions/{paid}/{action}", WHY)
        assert (answer.status_code, code_of(answer)) == (409, "store_managed")
    for item in api.ok("GET", f"transactions/{paid}/actions")["items"][:2]:
        assert (item["allowed"], item["code"]) == (False, "store_managed")
        assert item["reason"] in (answer.json or {})["detail"]


def test_refunds_can_have_a_window(api: Api, database: Database) -> None:
    _, paid = bought(api)
    api.ok("PATCH", "settings", {"refund_window_days": 14})
    with database.transaction("pub_a") as session:
        late = clock.now() - timedelta(days=14, seconds=1)
        session.execute(update(Transaction).where(Transaction.id == paid).values(settled_at=late))
    answer = api.send("POST", f"transactions/{paid}/refund", WHY)
    assert (answer.status_code, code_of(answer)) == (409, "refund_window_passed")
    assert (answer.json or {})["refund_window_days"] == 14
    api.ok("PATCH", "settings", {"refund_window_days": 15})
    assert refund(api, paid)["refund"]["status"] == "succeeded"


def test_a_refund_that_the_provider_declines_gives_and_ends_nothing(api: Api, system_database: Database) -> None:
    anna, paid = bought(api, "tok_refund_fails")
    done = refund(api, paid)
    assert done["refund"]["status"] == "failed"
    assert done["refund"]["failure"]["code"] == "refund_failed"
    assert done["transaction"]["status"] == "succeeded"
    assert done["transaction"]["remaining"] == euros(999)
    assert done["subscription"]["status"] == "active"
    assert api.account(anna)["lifetime_value"] == [euros(999)]
    assert told(system_database, paid)[-1] == "refund_failed"


def test_while_the_provider_is_down_a_refund_is_pending_and_reserved(
    api: Api, executor: Executor, database: Database
) -> None:
    anna, paid = bought(api, "tok_refund_down")
    answer = api.send("POST", f"transactions/{paid}/refund", {**WHY, "amount": euros(500), **KEEP})
    assert answer.status_code == 202
    done = answer.json or {}
    assert done["refund"]["status"] == "pending"
    assert done["refund"]["operation"]["status"] == "pending"
    assert done["refund"]["operation"]["attempts"] == 1
    assert "down" in done["refund"]["operation"]["last_problem"]
    assert done["transaction"]["status"] == "succeeded"
    assert done["transaction"]["remaining"] == euros(499)
    assert api.account(anna)["lifetime_value"] == [euros(999)]
    answer = api.send("POST", f"transactions/{paid}/refund", {**WHY, "amount": euros(500), **KEEP})
    assert (answer.status_code, code_of(answer)) == (409, "refund_exceeds_remaining")
    assert (answer.json or {})["remaining"] == euros(499)
    assert api.send("POST", f"transactions/{paid}/refund", WHY).status_code == 202
    answer = api.send("POST", f"transactions/{paid}/refund", WHY)
    assert (answer.status_code, code_of(answer)) == (409, "refund_pending")
    executor.step()
    assert api.ok("GET", f"transactions/{paid}")["refunds"][0]["status"] == "pending"


def test_twenty_at_once_never_give_back_more_than_was_paid(api: Api, database: Database) -> None:
    anna, paid = bought(api)
    body = {**WHY, "amount": euros(300), **KEEP}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: api.send("POST", f"transactions/{paid}/refund", body), range(20)))
    assert sorted(each.status_code for each in answers) == [200] * 3 + [409] * 17
    assert {code_of(each) for each in answers if each.status_code == 409} == {"refund_exceeds_remaining"}
    assert [each.amount_minor for each in TableStore(database, "pub_a").entries("refund")] == [300] * 3
    assert api.account(anna)["lifetime_value"] == [euros(99)]


def test_twenty_at_once_refund_in_full_once(api: Api, database: Database) -> None:
    anna, paid = bought(api)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: api.send("POST", f"transactions/{paid}/refund", WHY), range(20)))
    assert [each.status_code for each in answers].count(200) == 1
    assert {code_of(each) for each in answers if each.status_code != 200} <= {"refund_pending", "transaction_refunded"}
    assert [each.amount_minor for each in TableStore(database, "pub_a").entries("refund")] == [999]
    assert api.account(anna)["lifetime_value"] == [euros(0)]


def test_the_same_request_again_refunds_once(api: Api) -> None:
    anna, paid = bought(api)
    body = {**WHY, "amount": euros(300), **KEEP}
    first = api.send("POST", f"transactions/{paid}/refund", body, headers={"Idempotency-Key": "one"})
    second = api.send("POST", f"transactions/{paid}/refund", body, headers={"Idempotency-Key": "one"})
    assert first.json == second.json
    assert first.headers["Version-Token"] == second.headers["Version-Token"]
    assert api.account(anna)["lifetime_value"] == [euros(699)]
