"""Subscriptions that ran elsewhere: from the import on they are like any other."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import text

from servicekit import clock
from servicekit.db.database import Database
from services.billing.tests.conftest import Api, outbox_of
from services.billing.tests.imports.conftest import Imports, counts

CLEENG = (
    "User email*,Offer ID*,Expiry date*,Status*,Payment method ID (will be used also for payment gateway)*,"
    "Subscription external ID,External properties,Season Index (required for seasonal offer),Coupon Code,"
    "Campaign name,Coupon Already Used"
)


def _day(days: int) -> str:
    return (clock.now() + timedelta(days=days)).strftime("%Y-%m-%d")


def _subscriptions(api: Api, customer_id: str) -> list[dict[str, object]]:
    return list(api.ok("GET", f"subscriptions?customer_id={customer_id}")["items"])


def test_cleengs_template_needs_no_mapping(imports: Imports, api: Api, system_database: Database) -> None:
    anna, bo = imports.customer("anna@example.com"), imports.customer("bo@example.com")
    offer = api.offer(external_id="S1_DE")
    rows = f"anna@example.com,S1_DE,{_day(20)},active,731,L-1,,,,,\nbo@example.com,S1_DE,{_day(5)},stopped,,,,,,,\n"
    file = f"{CLEENG}\n{rows}"
    job = imports.run("subscriptions", file, set="provider=sandbox", name="cleeng")
    assert (job["shape"], counts(job)) == ("cleeng_subscriptions", (2, 0, 0, 0)), imports.rejects(job)
    (active,), (stopped,) = _subscriptions(api, anna), _subscriptions(api, bo)
    assert (active["status"], active["external_id"], active["origin"]) == ("active", "L-1", "import")
    assert active["offer"]["id"] == offer["id"]  # type: ignore[index]
    assert active["price"] == {"amount_minor": 999, "currency": "EUR"}
    assert active["next_payment_at"] == active["current_period_end"] == f"{_day(20)}T00:00:00.000000Z"
    (method,) = api.ok("GET", f"payment_methods?customer_id={anna}")["items"]
    assert (method["id"], method["provider"], method["is_default"]) == (active["payment_method_id"], "sandbox", True)
    assert (stopped["status"], stopped["cancel_at_period_end"], stopped["next_payment_at"]) == ("cancelled", True, None)
    account = api.account(anna)
    assert (account["active_subscriptions"], account["subscription_status"]) == (1, "active")
    assert (account["next_payment_at"], account["next_payment"]) == (active["next_payment_at"], active["price"])
    assert (account["has_access"], account["access_until"]) == (True, active["current_period_end"])
    assert api.account(bo)["access_until"] == stopped["current_period_end"]
    (access,) = api.ok("GET", f"access?customer_id={anna}")["items"]
    assert (access["reason"], access["subscription_id"]) == ("import", active["id"])
    types = [event.type.removeprefix("billing.").removesuffix(".v1") for event in outbox_of(system_database)]
    assert types.count("subscription.imported") == types.count("access.granted") == 2
    assert "subscription.started" not in types

    assert counts(imports.run("subscriptions", file, set="provider=sandbox", name="cleeng")) == (0, 0, 2, 0)
    assert len(outbox_of(system_database)) == len(types)


def test_periods_are_counted_from_the_start_where_they_fit(imports: Imports, api: Api) -> None:
    anna, bo = imports.customer("anna@example.com"), imports.customer("bo@example.com")
    api.offer(external_id="S1")
    with time_machine.travel("2026-02-10T12:00:00Z"):
        job = imports.run(
            "subscriptions",
            "email,offer,status,started_at,expires\n"
            "anna@example.com,S1,active,2025-08-31 08:00,2026-02-28 08:00\n"
            "bo@example.com,S1,active,2025-08-31 08:00,2026-02-27 08:00\n",
        )
    assert counts(job) == (2, 0, 0, 0), imports.rejects(job)
    (anchored,), (loose,) = _subscriptions(api, anna), _subscriptions(api, bo)
    assert anchored["current_period_start"] == "2026-01-31T08:00:00.000000Z"
    assert loose["current_period_start"] == "2026-01-27T08:00:00.000000Z"
    with imports.api.database.transaction("pub_a") as session:
        found = session.execute(text("SELECT customer_id, (anchor_at, period_number)::text FROM subscription")).all()
    anchors = {str(customer_id): anchor for customer_id, anchor in found}
    assert anchors == {anna: '("2025-08-31 08:00:00+00",6)', bo: '("2026-02-27 08:00:00+00",0)'}


def test_an_offer_that_is_not_there_needs_price_and_period(imports: Imports, api: Api) -> None:
    anna = imports.customer("anna@example.com")
    head = "email,offer,status,expires,price,currency,period\n"
    job = imports.run("subscriptions", f"{head}anna@example.com,Old plan,active,{_day(9)},,,\n", name="n")
    assert imports.rejects(job)[0][1:] == (
        "offer", "No offer has this ID or name. Import the offers first, or give price, currency and period."
    )  # fmt: skip
    job = imports.run(
        "subscriptions", f"{head}anna@example.com,Old plan,active,{_day(9)},4.50,EUR,quarterly\n", name="n"
    )
    assert counts(job) == (1, 0, 0, 0)
    (offer,) = api.ok("GET", "offers")["items"]
    assert (offer["status"], offer["period"]) == ("retired", {"unit": "month", "count": 3})
    assert _subscriptions(api, anna)[0]["price"] == {"amount_minor": 450, "currency": "EUR"}


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("anna@example.com,S1,active,2020-01-01,", "expires", "In the past, but"),
        ("anna@example.com,S1,asleep,2099-01-01,", "status", "Not one of active"),
        ("anna@example.com,E1,active,2099-01-01,", "offer", "doesn't recur"),
        ("anna@example.com,,active,2099-01-01,", "offer", "Missing"),
        ("anna@example.com,S1,active,2099-01-01,tok_visa", "", "whose payment method is it"),
    ],
)
def test_a_bad_row_costs_itself(imports: Imports, api: Api, row: str, column: str, reason: str) -> None:
    imports.customer("anna@example.com")
    api.offer(external_id="S1")
    api.offer(external_id="E1", kind="single", period=None)
    job = imports.run("subscriptions", f"email,offer,status,expires,token\n{row}\n")
    assert counts(job) == (0, 0, 0, 1)
    ((_, where, why),) = imports.rejects(job)
    assert where == column
    assert reason in why


def test_one_that_has_ended_is_history_and_a_second_to_the_same_offer_is_refused(imports: Imports, api: Api) -> None:
    anna = imports.customer("anna@example.com")
    api.offer(external_id="S1")
    job = imports.run(
        "subscriptions",
        "email,offer,status,expires,id\n"
        f"anna@example.com,S1,stopped,2020-01-01,L-1\nanna@example.com,S1,active,{_day(9)},L-2\n"
        f"anna@example.com,S1,active,{_day(19)},L-3\n",
    )
    assert counts(job) == (2, 0, 0, 1)
    statuses = {each["external_id"]: each["status"] for each in _subscriptions(api, anna)}
    assert statuses == {"L-1": "expired", "L-2": "active"}
    assert api.account(anna)["active_subscriptions"] == 1


def test_transactions_of_subscriptions(imports: Imports, api: Api) -> None:
    anna = imports.customer("anna@example.com")
    imports.customer("bo@example.com")
    api.offer(external_id="S1")
    imports.run("subscriptions", f"email,offer,status,expires,id\nanna@example.com,S1,active,{_day(9)},L-1\n")
    job = imports.run(
        "transactions",
        "email,date,amount,currency,offer,kind,subscription id,order id\n"
        "anna@example.com,2024-01-01,9.99,EUR,S1,renewal,L-1,A-1\nbo@example.com,2024-01-01,9.99,EUR,S1,,L-1,A-2\n"
        "bo@example.com,2024-01-01,9.99,EUR,S1,,L-9,A-3\n",
    )
    assert [reason for *_, reason in imports.rejects(job)] == [
        "Another customer's subscription.", "No subscription has this ID. Import the subscriptions first."
    ]  # fmt: skip
    (paid,) = imports.transactions(anna)
    assert (paid["kind"], paid["subscription_id"]) == ("renewal", _subscriptions(api, anna)[0]["id"])
    assert api.account(anna)["active_subscriptions"] == 1


def test_payment_details_of_another_customer_cost_the_row(imports: Imports, api: Api) -> None:
    anna, bo, cy = (imports.customer(f"{name}@example.com") for name in ("anna", "bo", "cy"))
    api.offer(external_id="S1")
    api.method(cy, "tok_visa.cy")
    file = (
        "email,offer,status,expires,token\n"
        f"anna@example.com,S1,active,{_day(9)},tok_visa.anna\nbo@example.com,S1,active,{_day(9)},tok_visa.anna\n"
        f"bo@example.com,S1,active,{_day(9)},tok_visa.cy\n"
    )
    job = imports.run("subscriptions", file, set="provider=sandbox")
    assert counts(job) == (1, 0, 0, 2)
    reason = "Another customer has these payment details on file."
    assert imports.rejects(job) == [("3", "token", reason), ("4", "token", reason)]
    assert len(_subscriptions(api, anna)) == 1
    assert _subscriptions(api, bo) == api.ok("GET", f"payment_methods?customer_id={bo}")["items"] == []
