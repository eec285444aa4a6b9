"""Effects that are done together: each once, in order, and none about people who were erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy.orm import Session

from servicekit.db.database import Database
from servicekit.events import Event
from servicekit.parking import count_parked
from servicekit.subscriptions import Effects, Subscriptions
from servicekit.testing.queues import MemoryQueue
from servicekit.tests.consumer.toys import (
    ERASED,
    LOGGED_IN,
    SUBSCRIPTIONS,
    done,
    event,
    message,
    note_login,
    until_empty,
    worker,
)


@dataclass
class Noting:
    """Notes logins together; ``turns`` are those that came at once."""

    turns: list[list[str]] = field(default_factory=list)

    def note(self, session: Session, events: Sequence[Event]) -> None:
        """As a service would."""
        self.turns.append([one.id for one in events])
        for one in events:
            note_login(session, one)

    @property
    def subscriptions(self) -> Subscriptions:
        """The toy service's, with this instead of its own."""
        return {**SUBSCRIPTIONS, LOGGED_IN: Effects(self.note)}


@pytest.fixture
def noting() -> Noting:
    return Noting()


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


def login(subject: str = "cus_1", version: int = 1, **more: Any) -> Event:
    return event(subject, version, type_=LOGGED_IN, **more)


def test_those_that_follow_one_another_are_handed_over_together_and_once(
    noting: Noting, queue: MemoryQueue, app: Database, system: Database
) -> None:
    first, second, third = login("cus_1", 3), login("cus_2", 1), login("cus_1", 1)
    queue.put(*map(message, (first, event("cus_1", 2), second, first, third)))
    toy = worker(queue, app, system, noting.subscriptions)
    toy.step(0)
    assert noting.turns == [[first.id, second.id, third.id]]
    queue.put(message(second), message(first))
    toy.step(0)
    assert [each for each, _ in done(app)] == [first.id, second.id, third.id]


def test_one_that_cannot_be_handled_is_parked_and_its_neighbors_go_on(
    noting: Noting, queue: MemoryQueue, app: Database, system: Database
) -> None:
    events = [login("cus_1"), login("cus_2", poison=True), login("cus_3")]
    queue.put(*map(message, events))
    toy = worker(queue, app, system, noting.subscriptions)
    until_empty(queue, lambda: toy.step(0))
    assert [each for each, _ in done(app)] == [events[0].id, events[2].id]
    with system.transaction() as session:
        assert count_parked(session) == {"toy": 1}


def test_what_comes_before_an_erasure_is_done_before_and_what_comes_after_not_at_all(
    noting: Noting, queue: MemoryQueue, app: Database, system: Database
) -> None:
    before, other, after = login("cus_1", 1), login("cus_2", 1), login("cus_1", 9)
    queue.put(*map(message, (before, event("cus_1", 5, type_=ERASED), other, after)))
    worker(queue, app, system, noting.subscriptions).step(0)
    assert noting.turns == [[before.id], [other.id]]
    assert done(app) == [(other.id, "cus_2")]
