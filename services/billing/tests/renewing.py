"""A billing service whose time a test moves, with what it takes to renew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from servicekit.db.database import Database
from services.billing.execution.executor import Executor
from services.billing.providers.sandbox_store import SETTLED, Entry
from services.billing.providers.sandbox_table import TableStore
from services.billing.renewals.scheduler import Scheduler
from services.billing.tests.conftest import Api, outbox_of

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def moment(text: str) -> datetime:
    """A point in time of an answer."""
    return datetime.fromisoformat(text)


@dataclass
class World:
    """One publisher's billing at a time that stands still until it is moved."""

    api: Api
    database: Database
    system: Database
    executor: Executor
    scheduler: Scheduler
    traveller: time_machine.Traveller

    def go(self, to: datetime | timedelta) -> None:
        """Move the time, and do what is due then."""
        self.jump(to)
        self.work()

    def jump(self, to: datetime | timedelta) -> None:
        """Move the time; nothing runs."""
        self.traveller.move_to(to if isinstance(to, datetime) else datetime.now(UTC) + to)

    def work(self) -> None:
        """Do all that is due."""
        for _ in range(200):
            if not self.scheduler.step() + self.executor.step():
                return
        raise AssertionError("there is always something due")

    def subscribe(self, token: str = "tok_visa", **offer: Any) -> tuple[str, dict[str, Any]]:  # noqa: S107
        """A customer with a new subscription; customer's ID and the subscription."""
        customer = self.api.customer()
        self.api.method(customer, token)
        bought = self.api.buy(customer, self.api.offer(**offer)["id"])
        return customer, bought["subscription"]

    def subscription(self, subscription_id: str) -> dict[str, Any]:
        """As it is now."""
        return self.api.ok("GET", f"subscriptions/{subscription_id}")

    def transactions(self, customer_id: str) -> list[dict[str, Any]]:
        """A customer's, the oldest first."""
        page = self.api.ok("GET", f"transactions?customer_id={customer_id}&limit=200")
        return sorted(page["items"], key=lambda each: (each["created_at"], each["id"]))

    def access(self, customer_id: str) -> dict[str, Any]:
        """A customer's only access."""
        (only,) = self.api.ok("GET", f"access?customer_id={customer_id}")["items"]
        return dict(only)

    def charges(self) -> list[Entry]:
        """What the sandbox has taken, by its own books."""
        return [entry for entry in TableStore(self.database, "pub_a").entries("charge") if entry.result == SETTLED]

    def told(self, kind: str) -> list[dict[str, Any]]:
        """What events of this kind say, in order."""
        return [event.data or {} for event in outbox_of(self.system) if event.type == f"billing.{kind}.v1"]


@contextmanager
def standing_still(
    api: Api, database: Database, system: Database, executor: Executor, at: datetime = START
) -> Iterator[World]:
    """A world at that time."""
    with time_machine.travel(at, tick=False) as traveller:
        yield World(api, database, system, executor, Scheduler(database, system, executor), traveller)
