"""A renewal whose payment fails: tried again on the publisher's days, each try a transaction; then it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.billing.tests.renewing import World, moment

DUE = datetime(2026, 2, 28, 12, tzinfo=UTC)


def test_it_is_tried_again_on_the_days_that_are_set_and_then_expires(world: World) -> None:
    anna, subscription = world.subscribe("tok_renewal_insufficient_funds")
    world.api.ok("PATCH", "settings", {"dunning_days": [2, 5]})
    world.go(DUE)
    overdue = world.subscription(subscription["id"])
    assert overdue["status"] == "past_due"
    assert overdue["retry"] == {"attempt": 1, "at": "2026-03-02T12:00:00.000000Z"}
    assert overdue["next_payment_at"] == overdue["retry"]["at"]
    assert world.api.account(anna)["has_access"], "access stays while the payment is tried again"
    world.go(DUE + timedelta(days=1, hours=23))
    assert len(world.transactions(anna)) == 2
    world.go(DUE + timedelta(days=2))
    assert world.subscription(subscription["id"])["retry"]["attempt"] == 2
    world.go(DUE + timedelta(days=5))
    ended = world.subscription(subscription["id"])
    assert (ended["status"], ended["ended_reason"]) == ("expired", "payment_failed")
    tries = world.transactions(anna)[1:]
    assert [(each["status"], each["attempt"]) for each in tries] == [("failed", 1), ("failed", 2), ("failed", 3)]
    assert {each["failure"]["code"] for each in tries} == {"insufficient_funds"}
    account = world.api.account(anna)
    assert not account["has_access"]
    assert account["subscription_status"] == "expired"
    assert account["lifetime_value"] == [{"amount_minor": 999, "currency": "EUR"}]
    assert len(world.told("subscription.past_due")) == 2
    assert len(world.told("subscription.expired")) == len(world.told("access.expired")) == 1


def test_a_try_that_works_puts_everything_right(world: World) -> None:
    anna, subscription = world.subscribe("tok_renewal_declined_once")
    world.go(DUE)
    assert world.subscription(subscription["id"])["status"] == "past_due"
    world.go(DUE + timedelta(days=1))
    paid = world.subscription(subscription["id"])
    assert (paid["status"], paid["retry"]) == ("active", None)
    assert paid["current_period_end"] == "2026-03-31T12:00:00.000000Z"
    assert world.access(anna)["ends_at"] == paid["current_period_end"]
    assert len(world.charges()) == 2


def test_a_card_that_is_declined_for_good_is_not_charged_again(world: World) -> None:
    anna, subscription = world.subscribe("tok_renewal_stolen")
    world.go(DUE)
    world.go(DUE + timedelta(days=1))
    codes = [(each["failure"] or {}).get("code") for each in world.transactions(anna)]
    assert codes == [None, "stolen_card", "no_payment_method"]
    other = world.api.method(anna, "tok_mastercard", make_default=True)
    world.go(DUE + timedelta(days=3))
    paid = world.subscription(subscription["id"])
    assert (paid["status"], paid["payment_method_id"]) == ("active", other["id"])
    world.go(moment(paid["current_period_end"]))
    assert world.transactions(anna)[-1]["payment_method"]["id"] == other["id"]


def test_without_payment_details_it_fails_too_and_says_so(world: World) -> None:
    anna, subscription = world.subscribe()
    world.api.ok("DELETE", f"payment_methods/{subscription['payment_method_id']}")
    world.go(DUE)
    failed = world.transactions(anna)[-1]
    assert (failed["status"], failed["failure"]["code"]) == ("failed", "no_payment_method")
    assert world.subscription(subscription["id"])["status"] == "past_due"
    for days in (1, 3, 5, 7):
        world.go(DUE + timedelta(days=days))
    assert world.subscription(subscription["id"])["status"] == "expired"
    assert len(world.transactions(anna)) == 6


def test_tries_that_were_missed_are_not_made_up_for(world: World) -> None:
    anna, subscription = world.subscribe("tok_renewal_insufficient_funds")
    world.go(DUE)
    world.go(DUE + timedelta(days=4))
    assert len(world.transactions(anna)) == 3
    assert world.subscription(subscription["id"])["retry"]["at"] == "2026-03-05T12:00:00.000000Z"
    world.go(DUE + timedelta(days=60))
    assert len(world.transactions(anna)) == 4
    assert world.subscription(subscription["id"])["status"] == "expired"


def test_a_publisher_may_want_no_second_try(world: World) -> None:
    anna, subscription = world.subscribe("tok_renewal_insufficient_funds")
    world.api.ok("PATCH", "settings", {"dunning_days": []})
    world.go(DUE)
    assert world.subscription(subscription["id"])["status"] == "expired"
    assert not world.api.account(anna)["has_access"]


def test_a_daily_subscription_pays_for_the_day_of_the_try(world: World) -> None:
    anna, subscription = world.subscribe("tok_renewal_declined_once", period={"unit": "day", "count": 1})
    world.go(datetime(2026, 2, 1, 12, tzinfo=UTC))
    world.go(datetime(2026, 2, 2, 12, tzinfo=UTC))
    paid = world.subscription(subscription["id"])
    assert (paid["current_period_start"], paid["current_period_end"]) == (
        "2026-02-02T12:00:00.000000Z", "2026-02-03T12:00:00.000000Z",
    )  # fmt: skip
    assert world.access(anna)["ends_at"] == paid["current_period_end"]


def test_cancelling_an_overdue_one_ends_it(world: World) -> None:
    anna, subscription = world.subscribe("tok_renewal_insufficient_funds")
    world.go(DUE)
    told = world.api.ok("POST", f"subscriptions/{subscription['id']}/cancel", {})
    assert (told["subscription"]["status"], told["subscription"]["ended_reason"]) == ("expired", "cancelled")
    world.go(DUE + timedelta(days=10))
    assert len(world.transactions(anna)) == 2
    assert not world.api.account(anna)["has_access"]


def test_a_bank_that_says_no_after_days_starts_the_tries_then(world: World) -> None:
    anna, subscription = world.subscribe("tok_processing_declined", trial_days=10)
    world.go(timedelta(days=10))
    assert world.transactions(anna)[0]["status"] == "pending"
    world.go(timedelta(days=4))
    assert world.transactions(anna)[0]["status"] == "failed"
    overdue = world.subscription(subscription["id"])
    assert (overdue["status"], overdue["retry"]["at"]) == ("past_due", "2026-02-15T12:00:00.000000Z")
