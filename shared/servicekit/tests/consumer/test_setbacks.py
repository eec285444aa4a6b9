"""Failures that may pass: whose fault they are decides who waits, and who is parked in the end."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.consumer import EventConsumer
from servicekit.db.database import Database
from servicekit.events import Event
from servicekit.in_hand import MOST_FAILURES, TRIES_TOGETHER
from servicekit.parking import list_parked
from servicekit.subscriptions import Effect, Erasure, State, Subscriptions, Transient
from servicekit.testing.databases import ScratchDatabase
from servicekit.testing.proxy import behind_proxy
from servicekit.testing.queues import MemoryQueue
from servicekit.tests.consumer.toys import (
    EDITED,
    ERASED,
    LOGGED_IN,
    copied,
    copy_customers,
    done,
    event,
    message,
    note_login,
    until_empty,
    worker,
)

SOON = (0.0, 0.0)


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


def put(queue: MemoryQueue, *events: Event) -> None:
    queue.put(*map(message, events))


def time_out(session: Session) -> None:
    session.execute(text("SET LOCAL statement_timeout = '10ms'"))
    session.execute(text("SELECT pg_sleep(10)"))


def copy_or_time_out(session: Session, events: Sequence[Event]) -> None:
    for one in events:
        if one.data.get("slow"):
            time_out(session)
    copy_customers(session, events)


SLOW: Subscriptions = {
    EDITED: State(copy_or_time_out),
    LOGGED_IN: Effect(note_login),
    ERASED: Erasure(lambda session, _one: time_out(session)),
}


def parked(system: Database) -> list[tuple[str | None, str]]:
    with system.transaction() as session:
        return [(one.subject, one.reason) for one in list_parked(session)]


def steps(consumer: EventConsumer, count: int) -> None:
    for _ in range(count):
        consumer.step(0)


def test_one_that_times_out_each_time_is_parked_while_its_neighbors_go_on(
    queue: MemoryQueue, app: Database, system: Database
) -> None:
    events = [event(f"cus_{number}", 1, slow=number == 7) for number in range(20)]
    put(queue, *events)
    consumer = worker(queue, app, system, SLOW, back_off=SOON)

    steps(consumer, TRIES_TOGETHER + 1)
    assert len(copied(app)) == 19
    assert len(queue.acknowledged) == 19
    assert parked(system) == [], "it may still be the circumstances"

    for number in range(20, 20 + MOST_FAILURES):
        put(queue, event(f"cus_{number}", 1))
        consumer.step(0)
    assert len(copied(app)) == 19 + MOST_FAILURES
    ((subject, reason),) = parked(system)
    assert subject == "cus_7"
    assert "QueryCanceled" in reason
    assert f"{MOST_FAILURES} times, and others succeeded" in reason
    assert queue.is_empty
    assert queue.handed_out == 20 + MOST_FAILURES, "nothing was burned"


def test_an_erasure_that_times_out_each_time_is_parked_too(queue: MemoryQueue, app: Database, system: Database) -> None:
    put(queue, event("cus_1", 2, type_=ERASED))
    consumer = worker(queue, app, system, SLOW, back_off=SOON)
    consumer.step(0)
    for number in range(MOST_FAILURES):
        put(queue, event("cus_2", 1 + number))
        consumer.step(0)
    assert [subject for subject, _reason in parked(system)] == ["cus_1"]
    assert queue.is_empty


def test_while_nothing_else_succeeds_it_is_not_parked_and_what_arrives_is_handled_at_once(
    queue: MemoryQueue, app: Database, system: Database
) -> None:
    put(queue, event("cus_1", 1, slow=True), event("cus_9", 1, publisher="pub_2", slow=True))
    consumer = worker(queue, app, system, SLOW, back_off=SOON)
    steps(consumer, 3 * MOST_FAILURES)
    assert parked(system) == []
    assert queue.acknowledged == []

    put(queue, event("cus_2", 1, type_=LOGGED_IN))
    assert consumer.step(0) == 1
    assert [person for _event, person in done(app)] == ["cus_2"]
    assert not queue.is_empty, "the two are still in hand"


def test_with_the_database_down_nothing_is_parked_however_long_it_lasts(
    queue: MemoryQueue, scratch: ScratchDatabase, app: Database, system: Database
) -> None:
    proxy, url = behind_proxy(scratch.urls.app)
    behind = Database(url, pool_size=1)
    consumer = worker(queue, behind, system, back_off=(0.001, 0.004))
    try:
        put(queue, event("cus_0", 1))
        steps(consumer, 1)
        for outage in range(1, 4):
            put(queue, event(f"cus_{outage}", 1), event(f"cus_{outage}", 1, publisher="pub_2"))
            proxy.cut()
            steps(consumer, MOST_FAILURES)
            assert len(queue.acknowledged) == 2 * outage - 1
            proxy.restore()
            until_empty(queue, lambda: consumer.step(0))
        assert parked(system) == []
        assert len(copied(app)) == 4
        assert queue.handed_out == 7, "tried again from memory"
        assert queue.pauses, "it did not take anything new meanwhile"
    finally:
        behind.close()
        proxy.close()


def test_what_a_handler_says_of_something_else_that_is_down_parks_nothing_although_others_succeed(
    queue: MemoryQueue, app: Database, system: Database
) -> None:
    """A mail provider, say: the messages that need it wait for as long as it takes."""
    down = [True]

    def send(session: Session, one: Event) -> None:
        if down:
            raise Transient("the provider is down") from ConnectionRefusedError()
        note_login(session, one)

    consumer = worker(queue, app, system, {EDITED: State(copy_customers), LOGGED_IN: Effect(send)}, back_off=SOON)
    login = event("cus_1", 1, type_=LOGGED_IN)
    put(queue, login)
    for number in range(3 * MOST_FAILURES):
        put(queue, event("cus_2", 1 + number))
        consumer.step(0)
    assert parked(system) == []
    assert copied(app) == {"cus_2": (3 * MOST_FAILURES, f"cus_2 {3 * MOST_FAILURES}")}
    down.clear()
    consumer.step(0)
    assert done(app) == [(login.id, "cus_1")]
    assert queue.is_empty


def test_no_more_is_taken_than_fits_in_hand(queue: MemoryQueue, app: Database, system: Database) -> None:
    put(queue, *(event(f"cus_{number}", 1, slow=True) for number in range(30)))
    consumer = worker(queue, app, system, SLOW, batch=10, back_off=SOON)
    steps(consumer, 2 * TRIES_TOGETHER)
    assert queue.handed_out == 10
    assert len(queue.waiting) == 20


def test_one_that_fails_now_and_then_is_handled(queue: MemoryQueue, app: Database, system: Database) -> None:
    failures = [1] * (MOST_FAILURES - 1)

    def flaky(session: Session, events: Sequence[Event]) -> None:
        if any(one.data.get("slow") for one in events) and failures:
            failures.pop()
            time_out(session)
        copy_customers(session, events)

    put(queue, event("cus_1", 1, slow=True))
    consumer = worker(queue, app, system, {EDITED: State(flaky)}, back_off=SOON)
    for number in range(MOST_FAILURES + 1):
        consumer.step(0)
        put(queue, event("cus_2", 1 + number))
    until_empty(queue, lambda: consumer.step(0))
    assert parked(system) == []
    assert set(copied(app)) == {"cus_1", "cus_2"}
