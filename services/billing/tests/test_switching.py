"""Changing to another offer: with the period's end, or now for the difference; exact, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.billing.tests.conftest import code_of
from services.billing.tests.renewing import World

APRIL = datetime(2026, 4, 1, tzinfo=UTC)
"""A month of 30 days."""
EUR = "EUR"


def price(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": EUR}


def subscribed(world: World, token: str = "tok_visa", **offer: Any) -> tuple[str, str]:  # noqa: S107
    world.jump(APRIL)
    anna, subscription = world.subscribe(token, **{"price": price(900), **offer})
    return anna, f"subscriptions/{subscription['id']}"


def better(world: World, minor: int = 1500, **more: Any) -> str:
    return str(world.api.offer(name="Family, monthly", price=price(minor), **more)["id"])


def test_with_the_period_the_renewal_has_the_new_price(world: World) -> None:
    anna, path = subscribed(world)
    offer = better(world)
    told = world.api.ok("POST", f"{path}/switch", {"offer_id": offer, "when": "period_end"})["subscription"]
    assert told["pending_switch"] == {"offer": world_offer(world, offer), "at": "2026-05-01T00:00:00.000000Z"}
    assert told["price"] == price(900)
    assert world.api.account(anna)["next_payment"] == price(1500)
    # What the offer costs by then is not what was agreed upon.
    world.api.ok("PATCH", f"offers/{offer}", {"price": price(9900)})
    world.go(datetime(2026, 5, 1, tzinfo=UTC))
    switched = world.api.ok("GET", path)
    assert (switched["offer"]["id"], switched["price"], switched["pending_switch"]) == (offer, price(1500), None)
    assert world.transactions(anna)[-1]["amount"] == price(1500)
    assert world.access(anna)["offer"]["id"] == offer
    assert len(world.told("subscription.switched")) == len(world.told("subscription.renewed")) == 1


def world_offer(world: World, offer_id: str) -> dict[str, Any]:
    offer = world.api.ok("GET", f"offers/{offer_id}")
    return {name: offer[name] for name in ("id", "external_id", "name", "kind")}


def test_a_switch_to_another_period_counts_from_there(world: World) -> None:
    _, path = subscribed(world)
    yearly = better(world, 9000, period={"unit": "year", "count": 1})
    world.api.ok("POST", f"{path}/switch", {"offer_id": yearly, "when": "period_end"})
    world.go(datetime(2026, 5, 1, tzinfo=UTC))
    assert world.api.ok("GET", path)["current_period_end"] == "2027-05-01T00:00:00.000000Z"
    world.go(datetime(2027, 5, 1, tzinfo=UTC))
    assert world.api.ok("GET", path)["current_period_end"] == "2028-05-01T00:00:00.000000Z"
    assert [charge.amount_minor for charge in world.charges()] == [900, 9000, 9000]


def test_it_can_be_taken_back(world: World) -> None:
    _, path = subscribed(world)
    refused = world.api.send("DELETE", f"{path}/switch")
    assert (refused.status_code, code_of(refused)) == (409, "no_pending_switch")
    world.api.ok("POST", f"{path}/switch", {"offer_id": better(world), "when": "period_end"})
    assert world.api.ok("DELETE", f"{path}/switch")["subscription"]["pending_switch"] is None
    world.go(datetime(2026, 5, 1, tzinfo=UTC))
    assert [charge.amount_minor for charge in world.charges()] == [900, 900]


def test_now_the_difference_is_charged_and_a_new_period_begins(world: World) -> None:
    anna, path = subscribed(world)
    offer = better(world)
    world.jump(APRIL + timedelta(days=10))
    told = world.api.ok("POST", f"{path}/switch", {"offer_id": offer, "when": "now"})
    # 20 of 30 days are left of 9.00: 6.00 of credit.
    assert (told["transaction"]["status"], told["transaction"]["amount"]) == ("succeeded", price(900))
    assert told["transaction"]["kind"] == "switch"
    now = told["subscription"]
    assert (now["offer"]["id"], now["price"]) == (offer, price(1500))
    assert (now["current_period_start"], now["current_period_end"]) == (
        "2026-04-11T00:00:00.000000Z", "2026-05-11T00:00:00.000000Z",
    )  # fmt: skip
    assert world.access(anna)["ends_at"] == now["current_period_end"]
    world.go(datetime(2026, 5, 11, tzinfo=UTC))
    assert [charge.amount_minor for charge in world.charges()] == [900, 900, 1500]
    assert world.api.account(anna)["lifetime_value"] == [price(3300)]


def test_credit_beyond_the_price_makes_the_first_period_longer(world: World) -> None:
    _anna, path = subscribed(world, price=price(12000), period={"unit": "year", "count": 1})
    monthly = better(world, 1000)
    told = world.api.ok("POST", f"{path}/switch", {"offer_id": monthly, "when": "now"})
    assert told["transaction"] is None
    assert told["subscription"]["current_period_end"] == "2027-04-01T00:00:00.000000Z"
    world.go(datetime(2027, 3, 31, tzinfo=UTC))
    assert [charge.amount_minor for charge in world.charges()] == [12000]
    world.go(datetime(2027, 4, 1, tzinfo=UTC))
    assert [charge.amount_minor for charge in world.charges()] == [12000, 1000]
    assert world.api.ok("GET", path)["current_period_end"] == "2027-05-01T00:00:00.000000Z"


def test_what_can_never_be_used_up_only_changes_with_the_period(world: World) -> None:
    _, path = subscribed(world)
    free = better(world, 0)
    refused = world.api.send("POST", f"{path}/switch", {"offer_id": free, "when": "now"})
    assert (refused.status_code, code_of(refused)) == (409, "switch_only_at_period_end")
    world.api.ok("POST", f"{path}/switch", {"offer_id": free, "when": "period_end"})
    world.go(datetime(2026, 5, 1, tzinfo=UTC))
    assert world.api.ok("GET", path)["price"] == price(0)


def test_declined_nothing_has_changed(world: World) -> None:
    _, path = subscribed(world, "tok_renewal_insufficient_funds")
    before = world.api.ok("GET", path)
    told = world.api.ok("POST", f"{path}/switch", {"offer_id": better(world), "when": "now"})
    assert told["transaction"]["status"] == "failed"
    after = told["subscription"]
    assert {**after, "version": 0} == {**before, "version": 0}
    assert after["next_payment_at"] == "2026-05-01T00:00:00.000000Z"


def test_while_its_payment_is_under_way_nothing_else_happens(world: World) -> None:
    anna, path = subscribed(world)
    slow = world.api.method(anna, "tok_processing", make_default=True)
    world.api.ok("DELETE", f"payment_methods/{world.api.ok('GET', path)['payment_method_id']}")
    offer = better(world)
    answer = world.api.send("POST", f"{path}/switch", {"offer_id": offer, "when": "now"})
    assert answer.status_code == 202
    assert (answer.json or {})["subscription"]["price"] == price(900)
    for body in ({"offer_id": offer, "when": "now"}, {"offer_id": offer, "when": "period_end"}):
        refused = world.api.send("POST", f"{path}/switch", body)
        assert (refused.status_code, code_of(refused)) == (409, "payment_pending")
    world.go(timedelta(minutes=2))
    switched = world.api.ok("GET", path)
    assert (switched["offer"]["id"], switched["payment_method_id"]) == (offer, slow["id"])


def test_in_a_trial_it_costs_nothing_and_the_trial_goes_on(world: World) -> None:
    _anna, path = subscribed(world, trial_days=10)
    told = world.api.ok("POST", f"{path}/switch", {"offer_id": better(world), "when": "now"})
    assert (told["transaction"], told["subscription"]["status"]) == (None, "trialing")
    world.go(APRIL + timedelta(days=10))
    assert [charge.amount_minor for charge in world.charges()] == [1500]


@pytest.mark.parametrize("when", ["now", "period_end"])
def test_what_it_can_not_change_to(world: World, when: str) -> None:
    anna, path = subscribed(world)
    before = world.api.ok("GET", path)
    other = world.api.offer(name="Sports")["id"]
    world.api.buy(anna, other)
    retired = better(world)
    world.api.ok("PATCH", f"offers/{retired}", {"status": "retired"})
    dollars = world.api.offer(price={"amount_minor": 900, "currency": "USD"})["id"]
    for offer, expected in (
        (before["offer"]["id"], (409, "same_offer")),
        (world.api.offer(kind="pass")["id"], (409, "offer_not_subscription")),
        (retired, (409, "offer_retired")),
        (dollars, (409, "currency_mismatch")),
        (other, (409, "already_subscribed")),
        ("off_06h5yvkg1scm7h3b8k5rqt2xzw", (404, "offer_not_found")),
        ("off", (422, "invalid")),
    ):
        refused = world.api.send("POST", f"{path}/switch", {"offer_id": offer, "when": when})
        assert (refused.status_code, code_of(refused)) == expected
    world.api.ok("POST", f"{path}/cancel", {})
    refused = world.api.send("POST", f"{path}/switch", {"offer_id": better(world), "when": when})
    assert (refused.status_code, code_of(refused)) == (409, "subscription_cancelled")
    assert [charge.amount_minor for charge in world.charges()] == [900, 999]
