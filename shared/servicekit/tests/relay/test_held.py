"""Events that no queue takes: kept, out of the others' way, and on their way at once when there is a queue again."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
import pytest
from sqlalchemy import text

from servicekit.bus import Message, Outcome
from servicekit.db.database import Database
from servicekit.events import Event
from servicekit.relay import Relay, outbox_status
from servicekit.testing.queues import ScriptedPublisher
from servicekit.tests.relay.orders import event, relay, waiting, write, write_many

PLACED, PAID, SHIPPED = "shop.order.placed.v1", "shop.order.paid.v1", "shop.order.shipped.v1"


@dataclass
class Broker:
    """A broker that returns what is of one of the types ``lost``, and remembers every attempt."""

    lost: set[str] = field(default_factory=set)
    attempts: list[str] = field(default_factory=list)
    queue: ScriptedPublisher = field(init=False)

    def __post_init__(self) -> None:
        self.queue = ScriptedPublisher(self._decide)

    def _decide(self, message: Message) -> Outcome:
        self.attempts.append(message.id)
        return Outcome.RETURNED if message.type in self.lost else Outcome.CONFIRMED


@pytest.fixture
def broker() -> Broker:
    return Broker(lost={PLACED})


def ids(events: list[Event]) -> list[str]:
    return [one.id for one in events]


def hold(sender: Relay, app: Database, system: Database, events: list[Event]) -> None:
    """Write these, and let the relay find that no queue takes them."""
    write_many(app, events)
    for _ in range(len(events)):
        sender.step()
        with system.transaction() as session:
            if outbox_status(session).unroutable == len(events):
                return
    raise AssertionError("they are not held")


def steps_until_empty(sender: Relay, system: Database, most: int) -> int:
    for number in range(most):
        if not waiting(system):
            return number
        sender._due.clear()
        sender.step()
    assert waiting(system) == []
    return most


def test_it_is_kept_and_alarmed_while_other_aggregates_go_on(
    app: Database, system: Database, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    stuck = [event("ord_stuck", 1), event("ord_stuck", 2, type_=PAID)]
    free = [event("ord_free", 1, type_=PAID), event("ord_free", 2, type_=PAID)]
    write(app, *stuck, free[0])
    sender = relay(system, broker.queue)
    assert sender.step() == 1
    assert "no queue takes this type" in capsys.readouterr().out
    write(app, free[1])
    broker.attempts.clear()
    sender._due.clear()
    assert sender.step() == 1
    assert broker.attempts == [free[1].id], "not tried again before its time, and what is behind it waits"
    assert waiting(system) == ids(stuck)
    with system.transaction() as session:
        assert (outbox_status(session).waiting, outbox_status(session).unroutable) == (2, 2)

    broker.lost.clear()
    later = relay(system, broker.queue, "one", retry_seconds=0.0)
    steps_until_empty(later, system, 3)
    assert broker.queue.ids == [free[0].id, free[1].id, *ids(stuck)]


def test_one_event_is_tried_for_all_that_wait_for_its_type(app: Database, system: Database, broker: Broker) -> None:
    sender = relay(system, broker.queue, batch=20, retry_seconds=0.0)
    hold(sender, app, system, [event(f"ord_{number}") for number in range(40)])
    broker.attempts.clear()
    (fresh,) = write(app, event("ord_fresh", type_=PAID))
    for _ in range(5):
        sender._due.clear()
        sender.step()
    assert fresh in broker.queue.ids
    assert len(broker.attempts) <= 6


def test_what_comes_behind_is_read_once_and_crowds_nobody_out(app: Database, system: Database, broker: Broker) -> None:
    write(app, event("ord_stuck", 1))
    sender = relay(system, broker.queue, batch=10)
    sender.step()
    write_many(app, [event("ord_stuck", version) for version in range(2, 30)])
    (free,) = write(app, event("ord_free", type_=PAID))
    assert sender.step() == 1
    assert broker.queue.ids == [free]
    with system.transaction() as session:
        assert outbox_status(session).unroutable == 29


@pytest.mark.parametrize("tell", ["one that waited", "a new one"])
def test_once_there_is_a_queue_all_leave_by_whole_batches_in_order(
    app: Database, system: Database, broker: Broker, tell: str
) -> None:
    held = [event(f"ord_{number % 60}", 1 + number // 60) for number in range(300)]
    sender = relay(system, broker.queue, batch=50, retry_seconds=0.0 if tell == "one that waited" else 3600.0)
    hold(sender, app, system, held)
    broker.lost.clear()
    new = [event("ord_new")] if tell == "a new one" else []
    if new:
        write(app, *new)
    assert steps_until_empty(sender, system, 12) <= 12, "about 50 at a time"
    for number in range(60):
        mine = [one.id for one in held if one.subject == f"ord_{number}"]
        assert [one for one in broker.queue.ids if one in mine] == mine


def test_a_backlog_does_not_keep_what_is_new_from_leaving(app: Database, system: Database, broker: Broker) -> None:
    sender = relay(system, broker.queue, batch=10, retry_seconds=0.0)
    hold(sender, app, system, [event(f"ord_{number}") for number in range(100)])
    broker.lost.clear()
    new = [event(f"ord_new_{number}", type_=PAID) for number in range(30)]
    write_many(app, new)
    for _ in range(3):
        sender._due.clear()
        sender.step()
    assert set(ids(new)) <= set(broker.queue.ids)
    assert len(broker.queue.ids) > 30, "and the backlog leaves too"


def test_types_that_wait_for_different_queues_keep_their_aggregates_order(
    app: Database, system: Database, broker: Broker
) -> None:
    history = [
        event("ord_1", version, type_=type_)
        for version, type_ in enumerate([PLACED, PAID, SHIPPED, PLACED, PAID], start=1)
    ]
    other = event("ord_2", 1, type_=SHIPPED)
    broker.lost = {PLACED, SHIPPED}
    write(app, *history, other)
    sender = relay(system, broker.queue, retry_seconds=0.0)

    def steps(count: int) -> None:
        for _ in range(count):
            sender._due.clear()
            sender.step()

    steps(3)
    assert broker.queue.ids == []
    broker.lost = {SHIPPED}
    steps(4)
    assert broker.queue.ids == ids(history[:2]), "up to the next one that no queue takes"
    broker.lost = {PLACED}
    steps(4)
    assert broker.queue.ids == [*ids(history[:2]), history[2].id, other.id] or broker.queue.ids == [
        *ids(history[:2]),
        other.id,
        history[2].id,
    ]
    broker.lost = set()
    steps_until_empty(sender, system, 4)
    assert [one for one in broker.queue.ids if one != other.id] == ids(history)


def test_one_that_waits_for_another_type_now_is_not_tried_with_its_former_type(
    app: Database, system: Database, broker: Broker
) -> None:
    history = [event("ord_1", 1), event("ord_1", 2, type_=PAID), event("ord_1", 3)]
    broker.lost = {PLACED, PAID}
    sender = relay(system, broker.queue, retry_seconds=3600.0)
    hold(sender, app, system, history)
    broker.lost = {PAID}
    (new,) = write(app, event("ord_new"))
    for _ in range(10):
        sender._due.clear()
        sender.step()
    assert broker.queue.ids == [new, history[0].id]
    assert broker.attempts.count(history[1].id) == 1


def test_a_queue_lost_again_halfway_loses_nothing(app: Database, system: Database, broker: Broker) -> None:
    held = [event(f"ord_{number % 20}", 1 + number // 20) for number in range(100)]
    sender = relay(system, broker.queue, batch=20, retry_seconds=0.0)
    hold(sender, app, system, held)
    broker.lost.clear()
    for _ in range(3):
        sender._due.clear()
        sender.step()
    left = len(waiting(system))
    assert 0 < left < 100
    broker.lost = {PLACED}
    for _ in range(3):
        sender._due.clear()
        sender.step()
    assert len(waiting(system)) == left
    broker.lost = set()
    steps_until_empty(sender, system, 12)
    for number in range(20):
        mine = [one.id for one in held if one.subject == f"ord_{number}"]
        assert [one for one in broker.queue.ids if one in mine] == mine


def test_a_type_that_the_topology_no_longer_knows_goes_to_the_log(
    app: Database, system: Database, broker: Broker
) -> None:
    write(app, event("ord_1", 1), event("ord_1", 2))
    relay(system, broker.queue).step()
    sender = relay(system, broker.queue, retry_seconds=0.0)
    sender._topology = type(sender._topology)(exchange="test", queues={"other": [PAID]})
    steps_until_empty(sender, system, 4)
    assert broker.queue.ids == []


def test_what_the_version_before_held_leaves_too(
    app: Database, system: Database, owner: psycopg.Connection, broker: Broker
) -> None:
    """It marked the first event of an aggregate only, and did not say what it waits for."""
    events = [event("ord_1", version) for version in (1, 2, 3)]
    write(app, *events)
    with system.transaction() as session:
        session.execute(
            text("UPDATE outbox SET unroutable_since = now(), retry_at = now() WHERE aggregate_version = 1")
        )
    broker.lost.clear()
    steps_until_empty(relay(system, broker.queue, retry_seconds=0.0), system, 5)
    assert broker.queue.ids == ids(events)


def test_two_relays_each_let_their_own_leave(app: Database, system: Database, broker: Broker) -> None:
    one, two = (relay(system, broker.queue, name, retry_seconds=0.0) for name in ("one", "two"))
    for each in (one, two, one, two):
        each._due.clear()
        each.step()
    held = [event(f"ord_{number % 50}", 1 + number // 50) for number in range(100)]
    write_many(app, held)
    for each in (one, two) * 3:
        each.step()
    with system.transaction() as session:
        assert outbox_status(session).unroutable == 100
    broker.lost.clear()
    for each in (one, two) * 4:
        each._due.clear()
        each.step()
    assert waiting(system) == []
    assert len(broker.queue.ids) == 100
