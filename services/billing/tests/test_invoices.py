"""Invoices: one series for each publisher and year, without a gap whatever happens; amounts that add up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.billing.actions.accounts import lock_account
from services.billing.actions.transactions import begin_transaction, settle_transaction
from services.billing.models.offers import Offer
from services.billing.tests.conftest import Api
from services.billing.tests.renewing import World, moment


class Undone(Exception):
    pass


def invoices(api: Api, customer_id: str) -> list[dict[str, Any]]:
    items = api.ok("GET", f"invoices?customer_id={customer_id}&limit=200")["items"]
    return sorted(items, key=lambda each: each["number"])


def test_no_gap_and_none_twice_with_many_at_once_and_some_undone(api: Api) -> None:
    offer = api.offer(kind="single", period=None)["id"]
    customers = [api.customer() for _ in range(8)]

    def buy(turn: int) -> None:
        customer, undone = customers[turn % 8], turn % 3 == 2
        try:
            with api.database.transaction("pub_a") as session:
                account = lock_account(session, "pub_a", customer)
                now = datetime.now(UTC)
                paid = begin_transaction(
                    session, account, session.get_one(Offer, offer), kind="purchase", amount_minor=999,
                    currency="EUR", channel="web", provider="sandbox", now=now,
                )  # fmt: skip
                settle_transaction(session, account, paid, reference=None, at=now, now=now)
                if undone:
                    raise Undone
        except Undone:
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(buy, range(60)))
    numbers = sorted(each["number"] for customer in customers for each in invoices(api, customer))
    year = datetime.now(UTC).year
    assert numbers == [f"{year}-{number:06}" for number in range(1, 41)]


@pytest.mark.parametrize(
    ("zone", "at", "number"),
    [
        ("UTC", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "2026-000001"),
        ("Europe/Berlin", datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), "2026-000001"),
        ("Europe/Berlin", datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "2027-000001"),
        ("America/Los_Angeles", datetime(2027, 1, 1, 7, 59, tzinfo=UTC), "2026-000001"),
        ("Pacific/Auckland", datetime(2026, 12, 31, 11, 0, tzinfo=UTC), "2027-000001"),
    ],
)
def test_the_year_is_the_publishers(world: World, zone: str, at: datetime, number: str) -> None:
    world.api.ok("PATCH", "settings", {"time_zone": zone})
    world.jump(at)
    anna, _ = world.subscribe()
    assert [each["number"] for each in invoices(world.api, anna)] == [number]


def test_each_publisher_and_each_year_begins_with_one(world: World) -> None:
    anna, subscription = world.subscribe()
    other = world.api.customer(publisher_id="pub_b")
    world.api.ok("POST", "payment_methods", {"customer_id": other, "provider": "sandbox", "token": "tok_visa"}, as_="b")
    offer = world.api.offer(as_="b")["id"]
    world.api.ok("POST", "purchases", {"customer_id": other, "offer_id": offer}, as_="b")
    theirs = world.api.ok("GET", f"invoices?customer_id={other}", as_="b")["items"]
    assert [each["number"] for each in theirs] == ["2026-000001"]
    for _ in range(12):
        world.go(moment(world.subscription(subscription["id"])["current_period_end"]))
    numbers = [each["number"] for each in invoices(world.api, anna)]
    assert numbers == [*(f"2026-{number:06}" for number in range(1, 13)), "2027-000001"]


def test_lines_add_up_and_a_credit_note_is_in_the_same_series(world: World) -> None:
    anna, _ = world.subscribe(tax_percent="8.1", price={"amount_minor": 1177, "currency": "CHF"})
    (paid,) = world.transactions(anna)
    world.api.ok("POST", f"transactions/{paid['id']}/refund", {
        "reason": "goodwill", "amount": {"amount": "5.00", "currency": "CHF"}, "end_access": False,
        "stop_renewals": False,
    })  # fmt: skip
    world.api.ok("POST", f"transactions/{paid['id']}/refund", {"reason": "goodwill"})
    issued = invoices(world.api, anna)
    assert [(each["number"], each["kind"]) for each in issued] == [
        ("2026-000001", "invoice"), ("2026-000002", "credit_note"), ("2026-000003", "credit_note"),
    ]  # fmt: skip
    for each in issued:
        for total in ("total", "tax"):
            name = "amount" if total == "total" else "tax"
            assert sum(line[name]["amount_minor"] for line in each["lines"]) == each[total]["amount_minor"]
    for total in ("total", "tax"):
        assert sum(each[total]["amount_minor"] for each in issued) == 0
    assert issued[0]["tax"] == {"amount_minor": 88, "currency": "CHF"}  # 11.77 x 8.1 / 108.1 = 0.8819…


def test_nobody_waits_for_a_number_until_another_one_has_done_everything_else(api: Api) -> None:
    offer = api.offer(kind="single", period=None)["id"]
    slow, quick = api.customer(), api.customer()

    def pay(session: Session, customer: str) -> None:
        account, now = lock_account(session, "pub_a", customer), datetime.now(UTC)
        paid = begin_transaction(
            session, account, session.get_one(Offer, offer), kind="purchase", amount_minor=999, currency="EUR",
            channel="web", provider="sandbox", now=now,
        )  # fmt: skip
        settle_transaction(session, account, paid, reference=None, at=now, now=now)

    with api.database.transaction("pub_a") as first:
        pay(first, slow)
        with api.database.transaction("pub_a") as second:
            second.execute(text("SET LOCAL lock_timeout = '2s'"))
            pay(second, quick)
    year = datetime.now(UTC).year
    assert [each["number"] for each in invoices(api, quick)] == [f"{year}-000001"]
    assert [each["number"] for each in invoices(api, slow)] == [f"{year}-000002"]
