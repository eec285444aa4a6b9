"""What a worker does about people who were erased or merged."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit import consumer
from servicekit.db.database import Database
from servicekit.events import Event
from servicekit.parking import forget_parked, list_parked, park
from servicekit.screening import lock_people
from servicekit.subscriptions import Effect, Erasure
from servicekit.testing.queues import MemoryQueue
from servicekit.tests.consumer.toys import (
    ERASED,
    LOGGED_IN,
    copied,
    done,
    erase,
    event,
    message,
    note_login,
    worker,
)


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


def put(queue: MemoryQueue, *events: Event) -> None:
    queue.put(*map(message, events))


def test_erased_people_are_not_taken_in_again_by_anything(queue: MemoryQueue, app: Database, system: Database) -> None:
    put(queue, event("cus_1", 1), event("cus_1", 2, type_=LOGGED_IN), event("cus_2", 1))
    worker(queue, app, system).step(0)
    # In one batch: what comes before the erasure, the erasure, and what comes late after it.
    put(
        queue,
        event("cus_1", 3),
        event("cus_1", 5, type_=ERASED),
        event("cus_1", 4, type_=LOGGED_IN),
        event("cus_1", 6),
    )
    worker(queue, app, system).step(0)
    put(queue, event("cus_1", 7), event("cus_1", 8, type_=LOGGED_IN), event("cus_1", 9, type_=ERASED))
    worker(queue, app, system).step(0)
    assert queue.is_empty
    assert copied(app) == {"cus_1": (3, None), "cus_2": (1, "cus_2 1")}
    assert done(app) == []


def test_an_erasure_waits_for_what_is_just_being_taken_in(queue: MemoryQueue, app: Database, system: Database) -> None:
    """Else it would not see what another worker has not committed yet."""
    inside, go_on = threading.Event(), threading.Event()

    def slow(session: Session, one: Event) -> None:
        note_login(session, one)
        inside.set()
        assert go_on.wait(10)

    other = MemoryQueue()
    put(queue, event("cus_1", 1, type_=LOGGED_IN))
    put(other, event("cus_1", 2, type_=ERASED))
    taking = threading.Thread(target=worker(queue, app, system, {LOGGED_IN: Effect(slow)}).step, args=(0,))
    erasing = threading.Thread(target=worker(other, app, system, {ERASED: Erasure(erase)}).step, args=(0,))
    taking.start()
    assert inside.wait(10)
    erasing.start()
    erasing.join(0.3)
    assert erasing.is_alive(), "it waits"
    go_on.set()
    taking.join(10)
    erasing.join(10)
    assert done(app) == []


def test_merged_people_are_handled_as_the_one_they_became(queue: MemoryQueue, app: Database, system: Database) -> None:
    with app.transaction("pub_1") as session:
        lock_people(session, "pub_1", [], exclusive=["cus_old"])
        session.execute(text("INSERT INTO subject_alias VALUES ('pub_1', 'cus_old', 'cus_new')"))
    login = event("cus_old", 1, type_=LOGGED_IN)
    put(queue, login)
    worker(queue, app, system).step(0)
    assert done(app) == [(login.id, "cus_new")]
    put(queue, event("cus_new", 2, type_=ERASED))
    worker(queue, app, system).step(0)
    put(queue, event("cus_old", 3, type_=LOGGED_IN), event("cus_old", 4))
    worker(queue, app, system).step(0)
    assert (done(app), copied(app)) == ([], {})


def test_what_is_parked_of_a_person_goes_with_them(queue: MemoryQueue, app: Database, system: Database) -> None:
    put(queue, *(event(f"cus_{number}", 1, type_=LOGGED_IN, poison=True) for number in (1, 2, 3)))
    worker(queue, app, system).step(0)
    put(queue, event("cus_1", 2, type_=ERASED))
    worker(queue, app, system).step(0)
    with app.transaction("pub_1") as session:
        assert forget_parked(session, publisher_id="pub_1", datasubject="cus_2") == 1
    with system.transaction() as session:
        assert [parked.subject for parked in list_parked(session)] == ["cus_3"]


@pytest.mark.parametrize("readable", [True, False])
def test_nothing_is_parked_of_a_person_erased_since_it_failed(
    queue: MemoryQueue, app: Database, system: Database, readable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failed one's transaction is over when the erasure comes, and its parking has not begun."""
    broken = message(event("cus_1", 1, type_=LOGGED_IN, poison=True))
    if not readable:
        broken = replace(broken, body=broken.body.replace(b'"aggregateversion":1', b'"aggregateversion":"x"'))
    other = MemoryQueue()
    put(other, event("cus_1", 2, type_=ERASED))
    erasing = worker(other, app, system)

    def erase_first(session: Session, **given: Any) -> str | None:
        erasing.step(0)
        return park(session, **given)

    monkeypatch.setattr(consumer, "park", erase_first)
    queue.put(broken)
    assert worker(queue, app, system).step(0) == 1
    assert other.is_empty
    with system.transaction() as session:
        assert list_parked(session) == []


def test_an_erasure_that_fails_again_is_parked_although_the_person_is_erased(
    queue: MemoryQueue, app: Database, system: Database
) -> None:
    def fail(_session: Session, _one: Event) -> None:
        raise ValueError("broken")

    put(queue, event("cus_1", 1, type_=ERASED))
    worker(queue, app, system).step(0)
    put(queue, event("cus_1", 2, type_=ERASED))
    worker(queue, app, system, {ERASED: Erasure(fail)}).step(0)
    with system.transaction() as session:
        assert [parked.subject for parked in list_parked(session)] == ["cus_1"]
