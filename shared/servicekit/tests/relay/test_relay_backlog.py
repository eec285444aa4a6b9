"""With a backlog, a batch is on its way while the one before is settled and the next is read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest
from sqlalchemy import text

from servicekit.bus import Message, Outcome
from servicekit.db.database import Database
from servicekit.testing.queues import ScriptedPublisher
from servicekit.tests.relay.orders import event, logged, relay, until, waiting, write


@pytest.fixture
def beside() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def test_a_backlog_is_worked_off_in_one_go(app: Database, system: Database, beside: Executor) -> None:
    ids = write(app, *(event(f"ord_{number % 3}", 1 + number // 3) for number in range(11)))
    queue = ScriptedPublisher()

    settled = relay(system, queue, batch=3).work_off(beside, threading.Event())

    assert settled == 11
    assert queue.ids == ids
    assert [one for one, _payload in logged(system)] == ids
    assert waiting(system) == []


def test_a_batch_is_settled_while_the_next_is_on_its_way(app: Database, system: Database, beside: Executor) -> None:
    ids = write(app, *(event(version=version) for version in range(1, 7)))

    def decide(message: Message) -> Outcome:
        if message.id == ids[3]:
            until(lambda: [one for one, _payload in logged(system)] == ids[:2])
        return Outcome.CONFIRMED

    queue = ScriptedPublisher(decide)
    relay(system, queue, batch=2).work_off(beside, threading.Event())

    assert queue.ids == ids


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNKNOWN, Outcome.RETURNED])
def test_nothing_overtakes_an_event_that_was_not_confirmed(
    app: Database, system: Database, beside: Executor, outcome: Outcome
) -> None:
    ids = write(app, *(event(version=version) for version in range(1, 7)))
    queue = ScriptedPublisher(lambda message: outcome if message.id == ids[3] else Outcome.CONFIRMED)
    queue.lost = lambda _message: True

    settled = relay(system, queue, batch=2).work_off(beside, threading.Event())

    assert settled == 3
    assert queue.ids == ids[:3]
    assert waiting(system) == ids[3:]


def test_told_to_stop_it_settles_what_is_on_its_way(app: Database, system: Database, beside: Executor) -> None:
    ids = write(app, *(event(version=version) for version in range(1, 10)))
    stop = threading.Event()

    def decide(message: Message) -> Outcome:
        if message.id == ids[2]:
            stop.set()
        return Outcome.CONFIRMED

    queue = ScriptedPublisher(decide)
    settled = relay(system, queue, batch=2).work_off(beside, stop)

    assert settled == len(queue.ids) < len(ids)
    assert waiting(system) == ids[settled:]


def test_what_another_relay_has_taken_over_meanwhile_comes_first_in_the_log(
    app: Database, system: Database, beside: Executor
) -> None:
    ids = write(app, *(event(version=version) for version in range(1, 7)))

    def decide(message: Message) -> Outcome:
        if message.id == ids[1]:
            with system.transaction() as session:
                session.execute(text("UPDATE relay_shard SET fence = fence + 1"))
        return Outcome.CONFIRMED

    queue = ScriptedPublisher(decide)
    sender = relay(system, queue, batch=2)
    assert sender.work_off(beside, threading.Event()) == 0
    assert waiting(system) == ids

    queue.decide = lambda _message: Outcome.CONFIRMED
    sender.work_off(beside, threading.Event())

    assert list(dict.fromkeys(queue.ids)) == ids
    assert [one for one, _payload in logged(system)] == ids
