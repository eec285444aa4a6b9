"""Crash anywhere: every event reaches queue and log, in order for each aggregate, once in the log."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from servicekit import faults
from servicekit.bus import Message, Outcome, Topology
from servicekit.db.database import Database
from servicekit.db.tables import event_log, event_log_sequencer, outbox
from servicekit.events import Event
from servicekit.ids import new_id
from servicekit.outbox import publish
from servicekit.relay import Relay
from servicekit.relay.sequencer import give_positions
from servicekit.testing.queues import ScriptedPublisher

TOPOLOGY = Topology(exchange="test", queues={"everything": ["shop.#"]})
POINTS = ["relay:claimed", "relay:read", "relay:published", "relay:settling", "relay:settled"]
TYPES = ["shop.order.placed.v1", "shop.order.paid.v1", "inside.only.v1"]
OUTCOMES = [Outcome.CONFIRMED, Outcome.CONFIRMED, Outcome.UNKNOWN, Outcome.REFUSED, Outcome.RETURNED]


class WorkingOff(Relay):
    """One whose pass is that of a relay with a backlog: batches overlap."""

    def step(self) -> int:
        """As ``Relay.step``, on and on while whole batches wait."""
        with ThreadPoolExecutor(1) as beside:
            return self.work_off(beside, threading.Event())


class Killed(BaseException):
    """The process is gone."""


@dataclass
class World:
    """Writers, relays that come and go, and what reached the queue."""

    app: Database
    system: Database
    owner: psycopg.Connection
    kind: type[Relay]
    batch: int
    queue: ScriptedPublisher = field(default_factory=ScriptedPublisher)
    written: dict[str, list[str]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    relays: int = 0
    relay: Relay | None = None

    def write(self, subject: str, type_: str) -> None:
        ids = self.written.setdefault(subject, [])
        event = Event(
            id=new_id("evt"),
            type=type_,
            source="shop",
            subject=subject,
            time=datetime.now(UTC),
            publisher_id="pub_1",
            aggregate_version=len(ids) + 1,
            data={},
        )
        with self.app.transaction("pub_1") as session:
            publish(session, event)
        ids.append(event.id)
        if not TOPOLOGY.takes(type_):
            self.silent.add(event.id)

    def step(self, point: str | None) -> None:
        """One pass of the present relay, which dies at ``point`` if it gets there."""
        if self.relay is None:
            self.relays += 1
            self.relay = self.kind(
                self.system,
                self.queue,
                TOPOLOGY,
                worker_id=f"relay {self.relays}",
                batch=self.batch,
                retry_seconds=0.0,
            )
            # As if the last one's leases had expired.
            self.owner.execute("UPDATE relay_shard SET expires_at = '-infinity'")
            self.owner.execute("DELETE FROM relay_worker")
        self.relay._due.clear()

        def kill(reached: str) -> None:
            if reached == point:
                raise Killed

        faults.install(kill)
        try:
            self.relay.step()
        except Killed:
            self.relay = None
        finally:
            faults.install(None)

    def finish(self) -> None:
        """The queue is well again: until nothing waits."""
        self.queue.decide = lambda _message: Outcome.CONFIRMED
        for _ in range(200):
            with self.system.transaction() as session:
                waiting = session.execute(select(outbox.c.seq).limit(1)).first()
            if waiting is None:
                return
            self.step(None)
        raise AssertionError("the outbox does not become empty")


@pytest.fixture
def no_faults() -> Iterator[None]:
    yield
    faults.install(None)


actions = st.lists(
    st.one_of(
        st.tuples(
            st.just("write"),
            st.lists(st.integers(0, 2), min_size=1, max_size=5),
            st.sampled_from([*TYPES[:2] * 3, TYPES[2]]),
        ),
        st.tuples(
            st.just("step"), st.sampled_from([None, None, *POINTS]), st.lists(st.sampled_from(OUTCOMES), max_size=8)
        ),
        st.tuples(st.just("lose"), st.sets(st.sampled_from(TYPES[:2])), st.none()),
        st.tuples(st.just("place"), st.integers(1, 4), st.none()),
    ),
    min_size=3,
    max_size=25,
)


@pytest.mark.parametrize("kind", [Relay, WorkingOff])
@given(actions=actions, lossy=st.booleans(), batch=st.sampled_from([5, 2]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_crash_anywhere(
    app: Database,
    system: Database,
    owner: psycopg.Connection,
    no_faults: None,
    kind: type[Relay],
    actions: list[tuple[str, object, object]],
    lossy: bool,
    batch: int,
) -> None:
    world = World(app, system, owner, kind, batch)
    world.queue.lost = lambda _message: lossy
    run = secrets.token_hex(4)
    for action, first, second in actions:
        if action == "write":
            for subject in first:  # type: ignore[attr-defined]
                world.write(f"{run}_{subject}", str(second))
        elif action == "lose":
            world.lost = set(first)  # type: ignore[call-overload]
        elif action == "place":
            give_positions(system, batch=int(str(first)))
        else:
            world.queue.decide = _one_after_the_other(list(second), world.lost)  # type: ignore[call-overload]
            world.step(first)  # type: ignore[arg-type]
    world.finish()
    give_positions(system)
    _check_queue(world)
    _check_log(world, run)


def _one_after_the_other(outcomes: list[Outcome], lost: set[str]) -> Callable[[Message], Outcome]:
    def decide(message: Message) -> Outcome:
        if message.type in lost:
            return Outcome.RETURNED
        return outcomes.pop(0) if outcomes else Outcome.CONFIRMED

    return decide


def _check_queue(world: World) -> None:
    firsts = list(dict.fromkeys(world.queue.ids))
    for ids in world.written.values():
        expected = [event_id for event_id in ids if event_id not in world.silent]
        assert [event_id for event_id in firsts if event_id in ids] == expected


def _check_log(world: World, run: str) -> None:
    with world.system.transaction() as session:
        rows = session.execute(
            select(event_log.c.event_id, event_log.c.subject, event_log.c.position).order_by(event_log.c.position)
        ).all()
        last = session.execute(select(event_log_sequencer.c.last_position)).scalar_one()
    assert [row.position for row in rows] == list(range(1, last + 1))
    for subject, ids in world.written.items():
        assert [row.event_id for row in rows if row.subject == subject] == ids
    assert len(rows) >= sum(map(len, world.written.values()))
    assert sum(row.subject.startswith(run) for row in rows) == sum(map(len, world.written.values()))
