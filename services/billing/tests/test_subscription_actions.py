"""What can be done with a subscription is told with what it brings about, before it is confirmed; and it is so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.billing.tests.conftest import code_of
from services.billing.tests.renewing import World


def actions(world: World, subscription_id: str, **query: str) -> dict[str, dict[str, Any]]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    items = world.api.ok("GET", f"subscriptions/{subscription_id}/actions?{asked}")["items"]
    return {each["action"]: each for each in items}


def codes(action: dict[str, Any]) -> list[str]:
    return [each["code"] for each in action["consequences"]]


def one(action: dict[str, Any], code: str, when: str | None = None) -> dict[str, Any]:
    (found,) = [each for each in action["consequences"] if (each["code"], each["when"]) == (code, when)]
    return dict(found)


def test_cancelling_is_told_and_comes_true(world: World) -> None:
    _, subscription = world.subscribe()
    world.jump(timedelta(days=14))
    can = actions(world, subscription["id"])
    assert one(can["cancel"], "access_until")["at"] == subscription["current_period_end"]
    cancelled = one(can["cancel"], "next_payment_cancelled")
    assert (cancelled["at"], cancelled["amount"]["amount_minor"]) == (subscription["current_period_end"], 999)
    assert one(can["cancel_now"], "money_back", "refund_full")["amount"]["amount_minor"] == 999
    prorated = one(can["cancel_now"], "money_back", "refund_prorated")["amount"]
    assert (can["resume"]["allowed"], can["resume"]["code"]) == (False, "not_cancelled")
    assert (can["undo_switch"]["allowed"], can["undo_switch"]["code"]) == (False, "no_pending_switch")
    told = world.api.ok("POST", f"subscriptions/{subscription['id']}/cancel", {"when": "now", "refund": "prorated"})
    assert told["refund"]["amount"] == prorated
    over = actions(world, subscription["id"])
    assert {each["code"] for each in over.values()} == {"subscription_ended", "no_pending_switch"}


def test_what_a_switch_costs_is_told_and_comes_true(world: World) -> None:
    anna, subscription = world.subscribe()
    better = world.api.offer(name="Family", price={"amount_minor": 1999, "currency": "EUR"})["id"]
    world.jump(timedelta(days=14))
    assert actions(world, subscription["id"])["switch_now"]["consequences"] == []
    can = actions(world, subscription["id"], offer_id=better)
    due = one(can["switch_now"], "charged_now")["amount"]
    ends = one(can["switch_now"], "new_period")["at"]
    assert one(can["switch_at_period_end"], "new_price")["amount"]["amount_minor"] == 1999
    told = world.api.ok("POST", f"subscriptions/{subscription['id']}/switch", {"offer_id": better, "when": "now"})
    assert (told["transaction"]["amount"], told["subscription"]["current_period_end"]) == (due, ends)
    (method,) = world.api.ok("GET", f"payment_methods?customer_id={anna}")["items"]
    world.api.ok("DELETE", f"payment_methods/{method['id']}")
    dear = world.api.offer(name="Gold", price={"amount_minor": 9999, "currency": "EUR"})["id"]
    assert actions(world, subscription["id"], offer_id=dear)["switch_now"]["code"] == "no_payment_method"
    free = world.api.offer(name="Free", price={"amount_minor": 0, "currency": "EUR"})["id"]
    assert actions(world, subscription["id"], offer_id=free)["switch_now"]["code"] == "switch_only_at_period_end"
    unknown = world.api.send("GET", f"subscriptions/{subscription['id']}/actions?offer_id=off_none")
    assert (unknown.status_code, code_of(unknown)) == (404, "offer_not_found")


def test_each_state_tells_its_own(world: World) -> None:
    _, overdue = world.subscribe("tok_renewal_insufficient_funds")
    world.go(datetime(2026, 2, 28, 12, tzinfo=UTC))
    assert codes(actions(world, overdue["id"])["cancel"]) == ["ends_at_once", "retries_stop"]
    assert actions(world, overdue["id"])["switch_now"]["code"] == "subscription_past_due"
    _, cancelled = world.subscribe()
    world.api.ok("POST", f"subscriptions/{cancelled['id']}/cancel", {})
    can = actions(world, cancelled["id"])
    assert (can["cancel"]["code"], can["switch_now"]["code"]) == ("already_cancelled", "subscription_cancelled")
    assert one(can["resume"], "renews")["at"] == cancelled["current_period_end"]
    _, trial = world.subscribe(trial_days=5, name="Trial")
    other = world.api.offer(name="Other")["id"]
    assert codes(actions(world, trial["id"], offer_id=other)["switch_now"]) == ["trial_goes_on", "new_price"]
    bob = world.api.customer()
    stored = world.api.buy(bob, world.api.offer()["id"], channel="roku", external_order_id="1")["subscription"]
    can = actions(world, stored["id"])
    for name in ("cancel", "cancel_now", "switch_now", "switch_at_period_end"):
        assert (can[name]["allowed"], can[name]["code"]) == (False, "store_managed")
        assert can[name]["reason"]
