"""Renewals: once for each period, on the right day, at the right price; and what has run out ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.billing.tests.renewing import START, World, moment


def test_a_subscription_renews_on_the_same_day_of_each_month(world: World) -> None:
    anna, subscription = world.subscribe()
    assert moment(subscription["current_period_end"]) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    world.go(datetime(2026, 2, 28, 11, 59, 59, tzinfo=UTC))
    assert len(world.charges()) == 1
    for count, day in enumerate(((2, 28), (3, 31), (4, 30), (5, 31)), 2):
        world.go(datetime(2026, *day, 12, tzinfo=UTC))
        assert len(world.charges()) == count
    renewed = world.subscription(subscription["id"])
    assert (renewed["status"], renewed["current_period_end"]) == ("active", "2026-06-30T12:00:00.000000Z")
    last = world.transactions(anna)[-1]
    assert (last["kind"], last["status"], last["attempt"]) == ("renewal", "succeeded", 1)
    assert (last["period_start"], last["period_end"]) == (
        renewed["current_period_start"],
        renewed["current_period_end"],
    )
    account = world.api.account(anna)
    assert account["lifetime_value"] == [{"amount_minor": 5 * 999, "currency": "EUR"}]
    assert account["next_payment_at"] == renewed["current_period_end"] == account["access_until"]
    numbers = [each["number"] for each in world.api.ok("GET", f"invoices?customer_id={anna}")["items"]]
    assert sorted(numbers) == [f"2026-{number:06}" for number in range(1, 6)]
    assert len(world.told("subscription.renewed")) == 4


def test_a_trial_is_charged_when_it_ends(world: World) -> None:
    anna, subscription = world.subscribe(trial_days=14)
    world.go(timedelta(days=13))
    assert world.charges() == []
    world.go(timedelta(days=1))
    assert len(world.charges()) == 1
    renewed = world.subscription(subscription["id"])
    assert (renewed["status"], renewed["current_period_end"]) == ("active", "2026-03-14T12:00:00.000000Z")
    assert world.transactions(anna)[0]["period_start"] == subscription["trial_end"]


def test_after_a_long_stop_one_period_is_charged_and_none_that_is_over(world: World) -> None:
    anna, subscription = world.subscribe()
    world.go(datetime(2026, 7, 10, tzinfo=UTC))
    assert len(world.charges()) == 2
    renewed = world.subscription(subscription["id"])
    assert renewed["current_period_start"] == "2026-06-30T12:00:00.000000Z"
    assert renewed["current_period_end"] == "2026-07-31T12:00:00.000000Z"
    assert world.api.account(anna)["has_access"]


def test_a_clock_that_jumps_back_charges_nothing_again(world: World) -> None:
    world.subscribe()
    world.go(datetime(2026, 3, 1, tzinfo=UTC))
    world.go(datetime(2026, 2, 28, 12, 0, 1, tzinfo=UTC))
    world.go(START)
    assert len(world.charges()) == 2


def test_an_attempt_without_outcome_blocks_the_next_and_the_end(world: World) -> None:
    anna, subscription = world.subscribe("tok_processing_forever", trial_days=10)
    world.go(timedelta(days=10))
    for _ in range(30):
        world.go(timedelta(days=1))
    assert [each["status"] for each in world.transactions(anna)] == ["pending"]
    waiting = world.subscription(subscription["id"])
    assert (waiting["status"], waiting["next_payment_at"]) == ("trialing", subscription["trial_end"])
    assert world.api.account(anna)["has_access"]


def test_an_answer_that_is_lost_charges_once(world: World) -> None:
    for token in ("tok_timeout_after", "tok_timeout_before", "tok_garbage", "tok_look_up_only", "tok_twice"):
        anna, _ = world.subscribe(token, trial_days=10, period={"unit": "year", "count": 1})
        world.go(timedelta(days=10))
        for _ in range(4):
            world.go(timedelta(hours=13))
        assert [each["status"] for each in world.transactions(anna)] == ["succeeded"], token
    assert len(world.charges()) == 5


def test_what_is_cancelled_ends_with_its_period_and_access_with_it(world: World) -> None:
    anna, subscription = world.subscribe()
    world.api.ok("POST", f"subscriptions/{subscription['id']}/cancel", {"reason": "Moves abroad"})
    world.go(datetime(2026, 2, 28, 11, tzinfo=UTC))
    assert world.api.account(anna)["has_access"]
    assert world.api.account(anna)["next_payment_at"] is None
    world.go(datetime(2026, 2, 28, 12, tzinfo=UTC))
    ended = world.subscription(subscription["id"])
    assert (ended["status"], ended["ended_reason"]) == ("expired", "cancelled")
    assert not world.api.account(anna)["has_access"]
    assert len(world.told("access.expired")) == 1
    assert len(world.charges()) == 1


def test_a_pass_runs_out(world: World) -> None:
    anna = world.api.customer()
    world.api.method(anna)
    world.api.buy(anna, world.api.offer(kind="pass", period={"unit": "day", "count": 1})["id"])
    assert world.api.account(anna)["has_access"]
    world.go(timedelta(days=1, seconds=-1))
    assert world.api.account(anna)["has_access"]
    world.go(timedelta(seconds=1))
    assert not world.api.account(anna)["has_access"]
    assert world.access(anna)["ended_at"] == world.access(anna)["ends_at"]
    assert len(world.told("access.expired")) == 1


def test_a_free_subscription_renews_without_money(world: World) -> None:
    anna, subscription = world.subscribe(price={"amount_minor": 0, "currency": "EUR"})
    world.go(datetime(2026, 3, 1, tzinfo=UTC))
    assert world.subscription(subscription["id"])["current_period_end"] == "2026-03-31T12:00:00.000000Z"
    assert world.charges() == []
    assert world.api.ok("GET", f"invoices?customer_id={anna}")["items"] == []


def test_a_stores_subscription_waits_for_word_from_the_store(world: World) -> None:
    anna = world.api.customer()
    bought = world.api.buy(anna, world.api.offer()["id"], channel="apple", external_order_id="1000001")
    world.go(datetime(2026, 3, 1, tzinfo=UTC))
    assert world.api.account(anna)["has_access"]
    waiting = world.subscription(bought["subscription"]["id"])
    assert (waiting["status"], waiting["next_payment_at"]) == ("active", "2026-02-28T12:00:00.000000Z")
    world.go(datetime(2026, 3, 3, 12, tzinfo=UTC))
    ended = world.subscription(bought["subscription"]["id"])
    assert (ended["status"], ended["ended_reason"]) == ("expired", "not_renewed")
    assert not world.api.account(anna)["has_access"]
    assert world.charges() == []
