"""Cancelling a subscription and undoing it; and who wins when it is renewed at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from services.billing.tests.conftest import code_of
from services.billing.tests.renewing import World

DUE = datetime(2026, 2, 28, 12, tzinfo=UTC)


def test_it_ends_with_its_period_and_can_be_undone_until_then(world: World) -> None:
    anna, subscription = world.subscribe()
    path = f"subscriptions/{subscription['id']}"
    told = world.api.ok("POST", f"{path}/cancel", {"reason": "Moves abroad"})
    assert told["subscription"]["status"] == "cancelled"
    assert told["subscription"]["cancellation_reason"] == "Moves abroad"
    assert (told["transaction"], told["refund"]) == (None, None)
    again = world.api.send("POST", f"{path}/cancel", {})
    assert (again.status_code, code_of(again)) == (409, "already_cancelled")
    assert world.api.account(anna)["subscription_status"] == "cancelled"
    world.go(DUE - timedelta(seconds=1))
    back = world.api.ok("POST", f"{path}/resume")["subscription"]
    assert (back["status"], back["cancelled_at"], back["cancellation_reason"]) == ("active", None, None)
    assert back["next_payment_at"] == subscription["current_period_end"]
    again = world.api.send("POST", f"{path}/resume")
    assert (again.status_code, code_of(again)) == (409, "not_cancelled")
    world.go(DUE)
    assert len(world.charges()) == 2
    kinds = ("started", "cancelled", "resumed", "renewed")
    assert [len(world.told(f"subscription.{kind}")) for kind in kinds] == [1, 1, 1, 1]


def test_a_trial_that_is_cancelled_and_resumed_is_a_trial_again(world: World) -> None:
    _, subscription = world.subscribe(trial_days=10)
    world.api.ok("POST", f"subscriptions/{subscription['id']}/cancel", {})
    assert world.api.ok("POST", f"subscriptions/{subscription['id']}/resume")["subscription"]["status"] == "trialing"


def test_after_the_period_nothing_is_to_be_undone(world: World) -> None:
    _, subscription = world.subscribe()
    path = f"subscriptions/{subscription['id']}"
    world.api.ok("POST", f"{path}/cancel", {})
    world.jump(DUE)
    late = world.api.send("POST", f"{path}/resume")
    assert (late.status_code, code_of(late)) == (409, "subscription_ended")
    world.work()
    for action in ("cancel", "resume"):
        late = world.api.send("POST", f"{path}/{action}", {} if action == "cancel" else None)
        assert (late.status_code, code_of(late)) == (409, "subscription_ended")


def test_at_once_it_ends_and_access_with_it(world: World) -> None:
    anna, subscription = world.subscribe()
    told = world.api.ok("POST", f"subscriptions/{subscription['id']}/cancel", {"when": "now"})
    assert (told["subscription"]["status"], told["subscription"]["ended_reason"]) == ("expired", "cancelled")
    account = world.api.account(anna)
    assert (account["has_access"], account["active_subscriptions"]) == (False, 0)
    assert len(world.told("access.ended")) == 1
    world.go(DUE + timedelta(days=40))
    assert len(world.charges()) == 1


def test_a_store_that_lets_nobody_else_cancel_is_named(world: World) -> None:
    anna = world.api.customer()
    bought = world.api.buy(anna, world.api.offer()["id"], channel="apple", external_order_id="1000001")
    path = f"subscriptions/{bought['subscription']['id']}"
    other = world.api.offer(name="Other")["id"]
    for action, body in (
        ("cancel", {}), ("cancel", {"when": "now"}), ("switch", {"when": "now", "offer_id": other}),
    ):  # fmt: skip
        refused = world.api.send("POST", f"{path}/{action}", body)
        assert (refused.status_code, code_of(refused)) == (409, "store_managed"), refused.text
    assert world.subscription(bought["subscription"]["id"]) == bought["subscription"]
    (store,) = world.api.ok("GET", f"payment_methods?customer_id={anna}")["stores"]
    assert (store["name"], store["subscription_ids"]) == ("App Store", [bought["subscription"]["id"]])
    assert {each["action"] for each in store["refusals"]} == {"charge", "refund", "cancel", "delete"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"when": "never"}, 422),
        ({"reason": "x" * 501}, 422),
        ({"refund": 5}, 422),
        ({"refund": "full"}, 422),
        ({"unknown": 1}, 422),
    ],
    ids=str,
)
def test_bad_input_changes_nothing(world: World, body: dict[str, object], status: int) -> None:
    _, subscription = world.subscribe()
    assert world.api.send("POST", f"subscriptions/{subscription['id']}/cancel", body).status_code == status
    assert world.subscription(subscription["id"]) == subscription


def test_who_may(world: World) -> None:
    _, subscription = world.subscribe()
    path = f"subscriptions/{subscription['id']}/cancel"
    assert world.api.send("POST", path, {}, as_="reader").status_code == 403
    assert world.api.send("POST", path, {}, as_="b").status_code == 404
    assert world.api.send("POST", "subscriptions/sub_06h5yvkg1scm7h3b8k5rqt2xzw/cancel", {}).status_code == 404
    headers = {"Idempotency-Key": "once"}
    first = world.api.send("POST", path, {}, headers=headers, as_="agent")
    second = world.api.send("POST", path, {}, headers=headers, as_="agent")
    assert (first.status_code, first.json) == (200, second.json)
    assert first.headers["Version-Token"].startswith(f"{subscription['customer_id']}.billing.")


@pytest.mark.parametrize("first", ["cancel", "renew"])
def test_cancelled_before_or_after_its_renewal_there_is_one_outcome(world: World, first: str) -> None:
    anna, subscription = world.subscribe()
    world.jump(DUE)
    if first == "renew":
        world.work()
    told = world.api.ok("POST", f"subscriptions/{subscription['id']}/cancel", {})["subscription"]
    world.work()
    if first == "cancel":
        assert world.subscription(subscription["id"])["status"] == "expired"
        assert len(world.charges()) == 1
        assert not world.api.account(anna)["has_access"]
    else:
        assert (told["status"], told["current_period_end"]) == ("cancelled", "2026-03-31T12:00:00.000000Z")
        assert len(world.charges()) == 2


def test_cancelled_at_the_very_moment_of_the_renewal_there_is_one_outcome(world: World) -> None:
    """Cancelling and two schedulers at once, several times: each is either renewed and then cancelled, or over."""
    path = {}
    for _ in range(6):
        anna, subscription = world.subscribe()
        path[anna] = f"subscriptions/{subscription['id']}"
    world.jump(DUE)
    with ThreadPoolExecutor(8) as pool:
        steps = [pool.submit(world.scheduler.step) for _ in range(2)]
        answers = {anna: pool.submit(world.api.send, "POST", f"{one}/cancel", {}) for anna, one in path.items()}
        for step in steps:
            step.result()
    world.work()
    for anna, one in path.items():
        assert answers[anna].result().status_code == 200
        ended = world.api.ok("GET", one)
        paid = len([each for each in world.transactions(anna) if each["status"] == "succeeded"])
        assert (ended["status"], paid) in (("expired", 1), ("cancelled", 2))
        assert world.api.account(anna)["has_access"] == (paid == 2)


def test_what_is_being_charged_is_not_ended_at_once(world: World) -> None:
    _, subscription = world.subscribe("tok_processing_forever", trial_days=10)
    world.go(timedelta(days=10))
    path = f"subscriptions/{subscription['id']}/cancel"
    refused = world.api.send("POST", path, {"when": "now"})
    assert (refused.status_code, code_of(refused)) == (409, "payment_pending")
    assert world.api.ok("POST", path, {})["subscription"]["status"] == "cancelled"
    world.go(timedelta(days=40))
    assert world.subscription(subscription["id"])["status"] == "cancelled", "money may be on its way"


@pytest.mark.parametrize(("refund", "amount"), [("full", 999), ("prorated", 500)])
def test_at_once_with_money_back(world: World, refund: str, amount: int) -> None:
    anna, subscription = world.subscribe()
    world.jump(timedelta(days=14))
    told = world.api.ok("POST", f"subscriptions/{subscription['id']}/cancel", {"when": "now", "refund": refund})
    assert told["subscription"]["status"] == "expired"
    assert (told["refund"]["status"], told["refund"]["amount"]["amount_minor"]) == ("succeeded", amount)
    left = [{"amount_minor": 999 - amount, "currency": "EUR"}] if amount < 999 else []
    assert [each for each in world.api.account(anna)["lifetime_value"] if each["amount_minor"]] == left
    assert not world.api.account(anna)["has_access"]


def test_without_money_that_is_left_nothing_is_refunded_and_nothing_ends(world: World) -> None:
    anna, subscription = world.subscribe(trial_days=10)
    refused = world.api.send("POST", f"subscriptions/{subscription['id']}/cancel", {"when": "now", "refund": "full"})
    assert (refused.status_code, code_of(refused)) == (409, "nothing_to_refund")
    assert world.api.account(anna)["has_access"]


def test_a_renewal_that_is_called_off_ends_the_subscription(world: World) -> None:
    anna, subscription = world.subscribe("tok_processing_forever", trial_days=10)
    world.go(timedelta(days=10))
    (pending,) = world.transactions(anna)
    world.api.ok("POST", f"transactions/{pending['id']}/cancel", {})
    world.go(timedelta(minutes=10))
    ended = world.subscription(subscription["id"])
    assert (ended["status"], ended["ended_reason"]) == ("expired", "cancelled")
    assert not world.api.account(anna)["has_access"]


def test_while_a_refund_is_under_way_that_stops_it_nothing_is_charged(world: World) -> None:
    anna, subscription = world.subscribe("tok_refund_down")
    (paid,) = world.transactions(anna)
    world.api.ok("POST", f"transactions/{paid['id']}/refund", {"reason": "goodwill"})
    world.go(DUE)
    assert len(world.transactions(anna)) == 1
    assert world.subscription(subscription["id"])["status"] == "active"
