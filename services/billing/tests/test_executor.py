"""The executor: late retries look first, a lease that is nearly over isn't used, one mistake stops nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from servicekit import clock
from servicekit.db.database import Database
from services.billing.actions.refunds import settle_refund
from services.billing.execution import outcomes
from services.billing.execution.executor import Executor
from services.billing.models.operations import Operation
from services.billing.providers.orders import Order, RefundOrder
from services.billing.providers.port import Outcome, Provider
from services.billing.providers.registry import Providers
from services.billing.providers.sandbox import Sandbox
from services.billing.providers.sandbox_table import TableStore
from services.billing.providers.stores import Unconfigured
from services.billing.tests.carried_out import executor_at
from services.billing.tests.conftest import Api
from services.billing.tests.paid import WHY, bought


class Watched(Sandbox):
    """A sandbox that remembers what it was asked, in order."""

    def __init__(self, database: Database) -> None:
        super().__init__(TableStore(database, "pub_a"))
        self.asked: list[str] = []

    def look_up(self, order: Order) -> Outcome | None:
        self.asked.append("look_up")
        return super().look_up(order)

    def refund(self, order: RefundOrder) -> Outcome:
        self.asked.append("refund")
        return super().refund(order)


@pytest.mark.parametrize(
    ("token", "hours", "asked"),
    [
        ("tok_refund_timeout_after", 1, ["refund"]),
        ("tok_refund_timeout_after", 25, ["look_up"]),
        ("tok_refund_timeout_before", 25, ["look_up", "refund"]),
    ],
)
def test_when_the_provider_may_have_forgotten_the_key_it_is_looked_up_first(
    api: Api, database: Database, system_database: Database, token: str, hours: int, asked: list[str]
) -> None:
    _, paid = bought(api, token)
    assert api.send("POST", f"transactions/{paid}/refund", WHY).status_code == 202
    watched = Watched(database)
    later = clock.now() + timedelta(hours=hours)
    assert Executor(database, system_database, lambda *_: watched, now=lambda: later).step() == 1
    assert watched.asked == asked
    assert api.ok("GET", f"transactions/{paid}")["status"] == "refunded"
    assert [each.result for each in TableStore(database, "pub_a").entries("refund")] == ["settled"]


def test_what_never_gets_an_answer_is_looked_up(
    api: Api, database: Database, system_database: Database, providers: Providers
) -> None:
    _, paid = bought(api, "tok_refund_look_up_only")
    assert api.send("POST", f"transactions/{paid}/refund", WHY).status_code == 202
    for minutes in (1, 2):
        executor_at(database, system_database, providers, clock.now() + timedelta(minutes=minutes)).step()
    assert api.ok("GET", f"transactions/{paid}")["status"] == "refunded"


def test_with_a_lease_that_is_nearly_over_nothing_is_begun(
    api: Api, database: Database, system_database: Database, providers: Providers
) -> None:
    _, paid = bought(api, "tok_refund_down_once")
    assert api.send("POST", f"transactions/{paid}/refund", WHY).status_code == 202
    moments = iter([0, 236, 236, 0, 0, 0])
    start = clock.now() + timedelta(minutes=1)

    def now() -> datetime:
        return start + timedelta(seconds=next(moments))

    Executor(database, system_database, providers.of, now=now).step()
    operation = api.ok("GET", f"transactions/{paid}")["refunds"][0]["operation"]
    assert (operation["attempts"], operation["last_problem"]) == (2, "its turn came too late")
    executor_at(database, system_database, providers, start + timedelta(minutes=5)).step()
    assert api.ok("GET", f"transactions/{paid}")["status"] == "refunded"


def test_one_operation_that_fails_unexpectedly_stops_no_other(
    api: Api, database: Database, system_database: Database, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, bad = bought(api, "tok_refund_down_once")
    _, good = bought(api, "tok_refund_down_once")
    for paid in (bad, good):
        assert api.send("POST", f"transactions/{paid}/refund", WHY).status_code == 202
    settle = settle_refund

    def fails_for_one(session: Any, account: Any, refund: Any, **more: Any) -> None:
        if refund.transaction_id == bad:
            raise ZeroDivisionError
        settle(session, account, refund, **more)

    with monkeypatch.context() as patched:
        patched.setattr(outcomes, "settle_refund", fails_for_one)
        executor_at(database, system_database, providers, clock.now() + timedelta(minutes=1)).step()
    assert api.ok("GET", f"transactions/{good}")["status"] == "refunded"
    operation = api.ok("GET", f"transactions/{bad}")["refunds"][0]["operation"]
    assert (operation["status"], operation["last_problem"]) == ("in_doubt", "_Unforeseen: ZeroDivisionError")
    executor_at(database, system_database, providers, clock.now() + timedelta(minutes=2)).step()
    assert api.ok("GET", f"transactions/{bad}")["status"] == "refunded"
    assert [each.result for each in TableStore(database, "pub_a").entries("refund")] == ["settled"] * 2


def test_who_has_lost_the_lease_records_nothing(
    api: Api, database: Database, system_database: Database, providers: Providers
) -> None:
    """It was so slow that another one has done it meanwhile: the refund is booked once."""
    anna, paid = bought(api, "tok_refund_down_once")
    assert api.send("POST", f"transactions/{paid}/refund", WHY).status_code == 202
    start = clock.now() + timedelta(minutes=1)

    class Overtaken(Watched):
        def refund(self, order: RefundOrder) -> Outcome:
            done = super().refund(order)
            with database.transaction("pub_a") as session:
                session.execute(update(Operation).values(lease_until=start - timedelta(seconds=1)))
            assert executor_at(database, system_database, providers, start).step() == 1
            return done

    slow: Provider = Overtaken(database)
    Executor(database, system_database, lambda *_: slow, now=lambda: start).step()
    details = api.ok("GET", f"transactions/{paid}")
    assert [each["status"] for each in details["refunds"]] == ["succeeded"]
    assert api.account(anna)["lifetime_value"][0]["amount_minor"] == 0
    with database.transaction("pub_a") as session:
        refunds = session.scalars(select(Operation).where(Operation.kind == "refund")).all()
        assert [(each.status, each.attempts) for each in refunds] == [("succeeded", 3)]


def test_an_account_that_is_missing_for_a_while_decides_nothing(
    api: Api, database: Database, system_database: Database, providers: Providers
) -> None:
    """The refund was made, its answer was lost, and then somebody took the provider's settings away."""
    _, paid = bought(api, "tok_refund_timeout_after")
    assert api.send("POST", f"transactions/{paid}/refund", WHY).status_code == 202
    gone = Unconfigured("sandbox")
    later = clock.now() + timedelta(hours=1)
    assert Executor(database, system_database, lambda *_: gone, now=lambda: later).step() == 1
    (refund,) = api.ok("GET", f"transactions/{paid}")["refunds"]
    assert (refund["status"], refund["operation"]["status"]) == ("pending", "in_doubt")
    executor_at(database, system_database, providers, later + timedelta(hours=1)).step()
    assert api.ok("GET", f"transactions/{paid}")["status"] == "refunded"


def test_a_key_that_was_used_is_looked_up(api: Api, database: Database, system_database: Database) -> None:
    """The order is written otherwise by a newer release: that the provider refuses, having done the older one."""
    _, paid = bought(api, "tok_refund_timeout_after")
    assert api.send("POST", f"transactions/{paid}/refund", WHY).status_code == 202

    class Changed(Watched):
        def refund(self, order: RefundOrder) -> Outcome:
            return super().refund(replace(order, amount=replace(order.amount, amount_minor=1)))

    changed = Changed(database)
    moments = [clock.now() + timedelta(hours=hours) for hours in (1, 2, 3)]
    for at in moments:
        Executor(database, system_database, lambda *_: changed, now=partial(max, at, at)).step()
    assert api.ok("GET", f"transactions/{paid}")["status"] == "refunded"
    assert changed.asked[-1] == "look_up"
