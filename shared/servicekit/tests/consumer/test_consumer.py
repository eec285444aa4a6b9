"""What a worker does with what its queue brings."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.bus import BusUnavailable, Message
from servicekit.db.database import Database
from servicekit.events import Event
from servicekit.parking import count_parked, list_parked
from servicekit.subscriptions import Effect, State, Transient
from servicekit.testing.queues import MemoryQueue
from servicekit.tests.consumer.toys import (
    EDITED,
    LOGGED_IN,
    SUBSCRIPTIONS,
    copied,
    copy_customers,
    done,
    event,
    message,
    until_empty,
    worker,
)
from servicekit.tracing import current_traceparent


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


def put(queue: MemoryQueue, *events: Event) -> None:
    queue.put(*map(message, events))


def test_states_and_effects_of_several_publishers_are_handled_and_acknowledged(
    queue: MemoryQueue, app: Database, system: Database
) -> None:
    login = event("cus_1", 3, type_=LOGGED_IN)
    put(queue, event("cus_1", 1), event("cus_9", 1, publisher="pub_2"), event("cus_1", 2), login)
    assert worker(queue, app, system).step(0) == 4
    assert queue.is_empty
    assert copied(app) == {"cus_1": (2, "cus_1 2")}
    assert copied(app, "pub_2") == {"cus_9": (1, "cus_9 1")}
    assert done(app) == [(login.id, "cus_1")]


def test_older_states_are_ignored_and_older_effects_are_not(
    queue: MemoryQueue, app: Database, system: Database
) -> None:
    late, newest = event("cus_1", 1, type_=LOGGED_IN), event("cus_1", 2, type_=LOGGED_IN)
    put(queue, event("cus_1", 5), newest, event("cus_1", 4), late, newest, late)
    worker(queue, app, system).step(0)
    put(queue, late, event("cus_1", 3))
    worker(queue, app, system).step(0)
    assert copied(app) == {"cus_1": (5, "cus_1 5")}
    assert [event_id for event_id, _person in done(app)] == [newest.id, late.id]


def test_unknown_types_are_acknowledged_and_ignored(queue: MemoryQueue, app: Database, system: Database) -> None:
    put(queue, event(type_="shop.other.v1"), event("cus_2", 1))
    assert worker(queue, app, system).step(0) == 2
    assert list(copied(app)) == ["cus_2"]


@pytest.mark.parametrize("type_", [EDITED, LOGGED_IN])
def test_one_that_cannot_be_handled_is_parked_and_its_nineteen_neighbors_go_on(
    queue: MemoryQueue, app: Database, system: Database, type_: str
) -> None:
    events = [event(f"cus_{number}", 1, type_=type_) for number in range(20)]
    events[7] = event("cus_7", 1, type_=type_, poison=True, name="Ada Lovelace")
    put(queue, *events)
    assert worker(queue, app, system).step(0) == 20
    handled = list(copied(app)) if type_ == EDITED else [person for _event, person in done(app)]
    assert sorted(handled) == sorted(f"cus_{number}" for number in range(20) if number != 7)
    with system.transaction() as session:
        (parked,) = list_parked(session, "toy")
        assert count_parked(session) == {"toy": 1}
    assert (parked.event_id, parked.subject, parked.publisher_id) == (events[7].id, "cus_7", "pub_1")
    assert "Ada" not in parked.reason
    assert ("ZeroDivision" in parked.reason or "DivisionByZero" in parked.reason) == (type_ == EDITED)


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff", b"[]", b'{"id": "x", "publisherid": "pub_\\u0000"}', b"{"], ids=repr
)
def test_what_is_no_event_is_parked_byte_for_byte(
    queue: MemoryQueue, app: Database, system: Database, body: bytes
) -> None:
    queue.put(Message(id="", type="shop.x", body=body, headers={}), message(event("cus_1", 1)))
    assert worker(queue, app, system).step(0) == 2
    assert list(copied(app)) == ["cus_1"]
    with system.transaction() as session:
        assert bytes(session.execute(text("SELECT body FROM parked_message")).scalar_one()) == body


@pytest.mark.parametrize("attribute", ["id", "type", "subject", "publisherid", "datasubject"])
@pytest.mark.parametrize("value", [secrets.token_hex(4000), 7, ["cus_1"]], ids=["long", "number", "list"])
def test_no_attribute_of_a_message_keeps_it_from_being_parked(
    queue: MemoryQueue, app: Database, system: Database, attribute: str, value: object
) -> None:
    """A value may be too long for an index: the queue would stand still."""
    envelope = {**orjson.loads(event("cus_2", 1).to_json()), attribute: value}
    body = orjson.dumps(envelope)
    queue.put(Message(id="", type=EDITED, body=body, headers={}), message(event("cus_1", 1)))
    assert worker(queue, app, system).step(0) == 2
    assert list(copied(app)) == ["cus_1"]
    with system.transaction() as session:
        assert bytes(session.execute(text("SELECT body FROM parked_message")).scalar_one()) == body


def test_a_transient_failure_burns_and_parks_nothing(queue: MemoryQueue, app: Database, system: Database) -> None:
    failures = iter([Transient("engine down"), ConnectionRefusedError(), None])

    def flaky(session: Session, events: Sequence[Event]) -> None:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        copy_customers(session, events)

    put(queue, event("cus_1", 1), event("cus_9", 1, publisher="pub_2"))
    consumer = worker(queue, app, system, {EDITED: State(flaky)})
    assert consumer.step(0) == 0
    until_empty(queue, lambda: consumer.step(0))
    assert queue.handed_out == 2, "tried again from memory"
    assert (list(copied(app)), list(copied(app, "pub_2"))) == (["cus_1"], ["cus_9"])
    with system.transaction() as session:
        assert count_parked(session) == {}


def test_a_lost_connection_drops_what_was_in_hand_and_it_comes_again(
    queue: MemoryQueue, app: Database, system: Database
) -> None:
    put(queue, event("cus_1", 1))
    login = event("cus_1", 2, type_=LOGGED_IN)
    put(queue, login)
    acknowledge, broken = queue.acknowledge, iter([True])

    def fail_once(deliveries: Sequence[object]) -> None:
        if next(broken, False):
            raise BusUnavailable("gone")
        acknowledge(deliveries)  # type: ignore[arg-type]

    queue.acknowledge = fail_once  # type: ignore[method-assign]
    stop = threading.Event()
    thread = threading.Thread(target=worker(queue, app, system).run, args=(stop,))
    thread.start()
    deadline = threading.Event()
    for _ in range(500):
        if len(queue.acknowledged) == 2:
            break
        deadline.wait(0.01)
    stop.set()
    thread.join(10)
    assert queue.is_empty
    assert copied(app) == {"cus_1": (1, "cus_1 1")}
    assert done(app) == [(login.id, "cus_1")]


def test_a_stop_during_a_long_failure_gives_the_messages_back(
    queue: MemoryQueue, app: Database, system: Database
) -> None:
    failing = threading.Event()

    def down(_session: Session, _events: Sequence[Event]) -> None:
        failing.set()
        raise Transient("down")

    put(queue, event())
    stop = threading.Event()
    thread = threading.Thread(target=worker(queue, app, system, {EDITED: State(down)}).run, args=(stop,))
    thread.start()
    assert failing.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert len(queue.waiting) == 1
    assert queue.acknowledged == []


def test_handlers_run_in_their_publisher_and_in_the_events_trace(
    queue: MemoryQueue, app: Database, system: Database
) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    seen: list[tuple[str, str | None]] = []

    def look(session: Session, _event: Event) -> None:
        publisher = session.execute(text("SELECT current_setting('app.publisher_id')")).scalar_one()
        seen.append((publisher, current_traceparent()))

    one = event(type_=LOGGED_IN, publisher="pub_7")
    body = one.to_json().replace(b'"data"', b'"traceparent":"' + trace.encode() + b'","data"', 1)
    queue.put(Message(id=one.id, type=one.type, body=body, headers={}))
    worker(queue, app, system, {LOGGED_IN: Effect(look)}).step(0)
    ((publisher, traceparent),) = seen
    assert publisher == "pub_7"
    assert traceparent is not None
    assert traceparent.split("-")[1] == trace.split("-")[1]


@pytest.mark.parametrize("point", ["worker:received", "worker:handled", "worker:committed", "worker:acknowledged"])
def test_each_kill_point_is_reached_with_work_in_flight(
    queue: MemoryQueue, app: Database, system: Database, point: str, install_faults: Callable[[str], None]
) -> None:
    put(queue, event("cus_1", 1, type_=LOGGED_IN))
    install_faults(point)
    with pytest.raises(SystemExit):
        worker(queue, app, system, SUBSCRIPTIONS).step(0)
    queue.close()
    install_faults("")
    worker(queue, app, system).step(0)
    assert queue.is_empty
    assert len(done(app)) == 1
