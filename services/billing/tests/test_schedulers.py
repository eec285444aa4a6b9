"""Any number of schedulers, killed anywhere: what is due is charged once, by the sandbox's own books."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from servicekit.db.database import Database
from servicekit.testing.databases import ScratchDatabase
from services.billing.execution.executor import Executor
from services.billing.providers.registry import Providers
from services.billing.renewals.claims import LEASE
from services.billing.renewals.expiry import expire_access
from services.billing.renewals.scheduler import Scheduler
from services.billing.tests.doomed import POINTS, run_until_killed
from services.billing.tests.renewing import World

DUE = datetime(2026, 2, 28, 12, tzinfo=UTC)


def numbers(world: World, *customers: str) -> list[str]:
    found = [world.api.ok("GET", f"invoices?customer_id={each}")["items"] for each in customers]
    return sorted(invoice["number"] for items in found for invoice in items)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_step_another_one_finishes_what_was_begun(
    world: World, scratch: ScratchDatabase, point: str
) -> None:
    anna, subscription = world.subscribe()
    run_until_killed(scratch, at=DUE, point=point)
    # Claims of the dead run out; the next scheduler then goes on.
    world.go(DUE + LEASE + timedelta(seconds=1))
    world.go(DUE + timedelta(minutes=5))
    assert [charge.amount_minor for charge in world.charges()] == [999, 999]
    renewed = world.subscription(subscription["id"])
    assert (renewed["status"], renewed["current_period_end"]) == ("active", "2026-03-31T12:00:00.000000Z")
    assert [each["status"] for each in world.transactions(anna)] == ["succeeded", "succeeded"]
    assert world.api.account(anna)["lifetime_value"] == [{"amount_minor": 1998, "currency": "EUR"}]
    assert numbers(world, anna) == ["2026-000001", "2026-000002"]
    assert len(world.told("subscription.renewed")) == 1


def test_several_at_once_charge_each_once(world: World, scratch: ScratchDatabase) -> None:
    offer = world.api.offer()["id"]
    customers = []
    for number in range(24):
        customers.append(world.api.customer())
        world.api.method(customers[-1], "tok_renewal_insufficient_funds" if number % 6 == 5 else "tok_visa")
        world.api.buy(customers[-1], offer)
    world.jump(DUE)
    databases = [(Database(scratch.urls.app, pool_size=4), Database(scratch.urls.system, pool_size=2)) for _ in "123"]

    def work(pair: tuple[Database, Database]) -> int:
        executor = Executor(*pair, Providers(pair[0]).of)
        scheduler, done = Scheduler(*pair, executor), 0
        while step := scheduler.step() + executor.step():
            done += step
        return done

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, databases))
    for pair in databases:
        for database in pair:
            database.close()
    assert set(Counter(charge.subject for charge in world.charges()).values()) == {1, 2}
    assert len(world.charges()) == 24 + 20
    attempts = [len(world.transactions(each)) for each in customers]
    assert attempts == [2] * 24
    assert numbers(world, *customers) == [f"2026-{number:06}" for number in range(1, 45)]


def test_one_that_can_not_be_handled_does_not_keep_the_others(world: World, system_database: Database) -> None:
    """Something nobody thought of, for one customer: here an offer that is not recurring any more."""
    _, broken = world.subscribe(name="Broken")
    _, fine = world.subscribe(name="Fine")
    with world.database.transaction("pub_a") as session:
        session.connection().exec_driver_sql(
            "UPDATE subscription SET time_zone = 'Nowhere/Land' WHERE id = %(id)s", {"id": broken["id"]}
        )
    world.go(DUE)
    assert world.subscription(fine["id"])["current_period_end"] == "2026-03-31T12:00:00.000000Z"
    with world.database.transaction("pub_a") as session:
        session.connection().exec_driver_sql(
            "UPDATE subscription SET time_zone = 'UTC' WHERE id = %(id)s", {"id": broken["id"]}
        )
    world.go(DUE + LEASE)
    assert world.subscription(broken["id"])["current_period_end"] == "2026-03-31T12:00:00.000000Z"


def test_access_that_can_not_be_ended_does_not_keep_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Broken", "Fine"):
        customer = world.api.customer()
        world.api.method(customer)
        world.api.buy(customer, world.api.offer(name=name, kind="pass")["id"])

    def fails_for_others(session: Any, *, customer_id: str, **more: Any) -> int:
        if customer_id != customer:
            raise ZeroDivisionError
        return expire_access(session, customer_id=customer_id, **more)

    monkeypatch.setattr("services.billing.renewals.scheduler.expire_access", fails_for_others)
    world.go(DUE + timedelta(days=2))
    assert not world.api.account(customer)["has_access"]
