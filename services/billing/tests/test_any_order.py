"""In whatever order, interrupted anywhere: the sandbox's books and ours agree, and nothing is paid twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servicekit import faults
from servicekit.ids import new_id
from services.billing.tests.renewing import World

POINTS = ("renewal:claimed", "renewal:created", "operation:claimed", "sandbox:done", "operation:called")
TOKENS = (
    "tok_visa", "tok_renewal_declined_once", "tok_renewal_insufficient_funds", "tok_timeout_after", "tok_garbage",
    "tok_timeout_before", "tok_processing", "tok_renewal_stolen",
)  # fmt: skip


class Interrupted(BaseException):
    """As if the process had ended here."""


def interrupt(world: World, point: str) -> None:
    """Work until the point is reached, and no further."""

    def end(reached: str) -> None:
        if reached == point:
            raise Interrupted

    faults.install(end)
    try:
        world.scheduler.step()
        world.executor.step()
    except Interrupted:
        pass
    finally:
        faults.install(None)


def ask(world: World, method: str, path: str, body: object = None) -> None:
    """An agent's request, which may be refused."""
    answer = world.api.send(method, path, body)
    assert answer.status_code < 500, answer.text


STEPS: Mapping[str, Callable[[World, str, str, str, int], None]] = {
    "days": lambda world, _anna, _path, _other, number: world.jump(timedelta(days=number)),
    "work": lambda world, _anna, _path, _other, _number: world.work(),
    "renew": lambda world, _anna, _path, _other, _number: (world.scheduler.step(), None)[1],
    "interrupt": lambda world, _anna, _path, _other, number: interrupt(world, POINTS[number % len(POINTS)]),
    "cancel": lambda world, _anna, path, _other, _number: ask(world, "POST", f"{path}/cancel", {}),
    "end": lambda world, _anna, path, _other, number: ask(
        world, "POST", f"{path}/cancel", {"when": "now", "refund": ("none", "full", "prorated")[number % 3]}
    ),
    "resume": lambda world, _anna, path, _other, _number: ask(world, "POST", f"{path}/resume"),
    "switch": lambda world, _anna, path, other, number: ask(
        world, "POST", f"{path}/switch", {"offer_id": other, "when": ("now", "period_end")[number % 2]}
    ),
    "card": lambda world, anna, _path, _other, number: (
        world.api.method(anna, TOKENS[number % len(TOKENS)], make_default=True),
        None,
    )[1],
}
STEP = st.tuples(st.sampled_from([*STEPS, "days", "work", "interrupt", "days"]), st.integers(1, 40))


@given(st.sampled_from(TOKENS), st.lists(STEP, min_size=5, max_size=14))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_books_agree(world: World, token: str, steps: list[tuple[str, int]]) -> None:
    anna = world.api.customer(customer_id=new_id("cus"))
    cards = [world.api.method(anna, token)]
    offer, other = (
        world.api.offer(name=name, price={"amount_minor": price, "currency": "EUR"})["id"]
        for name, price in (("Basic", 999), ("Gold", 1999))
    )
    world.api.send("POST", "purchases", {"customer_id": anna, "offer_id": offer})
    world.go(timedelta(minutes=5))
    found = world.api.ok("GET", f"subscriptions?customer_id={anna}")["items"]
    path = f"subscriptions/{found[0]['id']}" if found else "subscriptions/sub_06h5yvkg1scm7h3b8k5rqt2xzw"
    for name, number in steps:
        STEPS[name](world, anna, path, other, number)
    for _ in range(4):
        world.go(timedelta(minutes=40))
    _agree(world, anna, cards)


def _agree(world: World, anna: str, cards: list[dict[str, object]]) -> None:
    told = world.transactions(anna)
    assert not [each for each in told if each["status"] == "pending"]
    paid = [each for each in told if each["status"] in ("succeeded", "refunded", "partially_refunded")]
    keys = _operations(world, anna)
    taken = [entry for entry in world.charges() if entry.key in keys]
    assert sorted(entry.amount_minor for entry in taken) == sorted(each["amount"]["amount_minor"] for each in paid)
    kept = sum(each["amount"]["amount_minor"] - each["refunded"]["amount_minor"] for each in paid)
    account = world.api.account(anna)
    assert [each["amount_minor"] for each in account["lifetime_value"]] in ([kept], [] if kept == 0 else [kept])
    renewals = [each for each in paid if each["kind"] == "renewal"]
    assert set(Counter(each["period_start"] for each in renewals).values()) <= {1}
    assert account["transactions_count"] == len(told)
    subscriptions = world.api.ok("GET", f"subscriptions?customer_id={anna}")["items"]
    running = [each for each in subscriptions if each["status"] != "expired"]
    assert account["active_subscriptions"] == len(running)
    assert account["has_access"] == bool(running)


def _operations(world: World, anna: str) -> set[str]:
    with world.database.transaction("pub_a") as session:
        rows = session.connection().exec_driver_sql(
            "SELECT id FROM operation WHERE customer_id = %(id)s AND kind = 'charge'", {"id": anna}
        )
        return {row[0] for row in rows}
