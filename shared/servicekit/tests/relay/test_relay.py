"""What the relay does with what is in the outbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from marshmallow import Schema, fields
from sqlalchemy import func, insert, select, text

from servicekit.bus import Message, Outcome, Topology
from servicekit.db.database import Database
from servicekit.db.ddl import SHARDS
from servicekit.db.tables import erased_subject, event_log, outbox, relay_shard
from servicekit.events import Event, EventType
from servicekit.ids import new_id
from servicekit.outbox import forget_events, publish
from servicekit.relay import Relay, outbox_status
from servicekit.relay.retention import Retention, prune
from servicekit.relay.sequencer import give_positions
from servicekit.testing.databases import ScratchDatabase
from servicekit.testing.proxy import behind_proxy
from servicekit.testing.queues import ScriptedPublisher

TOPOLOGY = Topology(exchange="test", queues={"everything": ["shop.#"]})


class _Order(Schema):
    number = fields.Integer()
    name = fields.String(allow_none=True, metadata={"personal": True})


PLACED = EventType("shop.order.placed.v1", _Order, "An order was placed.")
WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(subject: str = "ord_1", version: int = 1, *, type_: str = "shop.order.placed.v1", **more: object) -> Event:
    values: dict[str, object] = {"publisher_id": "pub_1", "data": {"number": version}, **more}
    return Event(
        id=new_id("evt"),
        type=type_,
        source="shop",
        subject=subject,
        time=WHEN,
        aggregate_version=version,
        **values,  # type: ignore[arg-type]
    )


def write(app: Database, *events: Event) -> list[str]:
    for one in events:
        with app.transaction(one.publisher_id) as session:
            publish(session, one)
    return [one.id for one in events]


def relay(system: Database, queue: ScriptedPublisher, name: str = "one", **options: object) -> Relay:
    return Relay(system, queue, TOPOLOGY, worker_id=name, **options)  # type: ignore[arg-type]


def logged(system: Database) -> list[tuple[str, str | None]]:
    with system.transaction() as session:
        rows = session.execute(select(event_log.c.event_id, event_log.c.payload).order_by(event_log.c.arrival))
        return [(row.event_id, row.payload) for row in rows]


def waiting(system: Database) -> list[str]:
    with system.transaction() as session:
        return list(session.scalars(select(outbox.c.event_id).order_by(outbox.c.seq)))


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)


def test_what_was_committed_reaches_queue_and_log_unchanged(app: Database, system: Database) -> None:
    first, second = event(version=1), event(version=2)
    write(app, first, second)
    queue = ScriptedPublisher()
    assert relay(system, queue).step() == 2
    assert [Event.from_json(message.body) for message in queue.arrived] == [first, second]
    assert [message.type for message in queue.arrived] == [first.type, second.type]
    assert waiting(system) == []
    assert [(one, Event.from_json(payload or "")) for one, payload in logged(system)] == [
        (first.id, first),
        (second.id, second),
    ]


def test_an_unconfirmed_event_holds_back_its_aggregate_only(app: Database, system: Database) -> None:
    slow = [event("ord_slow", version) for version in (1, 2, 3)]
    quick = [event("ord_quick", version) for version in (1, 2)]
    write(app, slow[0], quick[0], slow[1], quick[1], slow[2])
    queue = ScriptedPublisher(lambda message: Outcome.REFUSED if message.id == slow[1].id else Outcome.CONFIRMED)
    sender = relay(system, queue)
    sender.step()
    assert slow[2].id not in queue.ids
    assert waiting(system) == [slow[1].id, slow[2].id]
    queue.decide = lambda _message: Outcome.CONFIRMED
    sender.step()
    assert [one for one in queue.ids if one in {e.id for e in slow}] == [e.id for e in slow]
    assert waiting(system) == []


def test_what_may_be_lost_is_sent_again(app: Database, system: Database) -> None:
    (only,) = write(app, event())
    queue = ScriptedPublisher(lambda _message: Outcome.UNKNOWN)
    sender = relay(system, queue)
    assert sender.step() == 0
    queue.decide = lambda _message: Outcome.CONFIRMED
    assert sender.step() == 1
    assert queue.ids == [only, only]
    assert [one for one, _payload in logged(system)] == [only]


def test_a_type_that_no_queue_takes_goes_to_the_log_only(app: Database, system: Database) -> None:
    ids = write(app, event(version=1), event(version=2, type_="inside.only.v1"), event(version=3))
    queue = ScriptedPublisher()
    assert relay(system, queue).step() == 3
    assert queue.ids == [ids[0], ids[2]]
    assert [one for one, _payload in logged(system)] == ids


def test_an_unroutable_event_is_kept_and_alarmed_while_other_aggregates_go_on(
    app: Database, system: Database, owner: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    stuck, behind, free = event("ord_stuck", 1), event("ord_stuck", 2), event("ord_free", 1)
    write(app, stuck, behind, free)
    queue = ScriptedPublisher(lambda m: Outcome.RETURNED if m.id == stuck.id else Outcome.CONFIRMED)
    sender = relay(system, queue)
    assert sender.step() == 1
    assert "no queue takes this type" in capsys.readouterr().out
    (later,) = write(app, event("ord_free", 2))
    attempts: list[str] = []
    queue.decide = lambda m: attempts.append(m.id) or Outcome.CONFIRMED  # type: ignore[func-returns-value]
    sender._due.clear()
    assert sender.step() == 1
    assert attempts == [later], "not tried again before its time, and what is behind it waits"
    assert waiting(system) == [stuck.id, behind.id]
    with system.transaction() as session:
        assert outbox_status(session).unroutable == 1
        assert outbox_status(session).waiting == 2

    with system.transaction() as session:
        session.execute(text("UPDATE outbox SET retry_at = now() WHERE unroutable_since IS NOT NULL"))
    sender._due.clear()
    sender.step()
    sender.step()
    assert attempts == [later, stuck.id, behind.id]
    assert waiting(system) == []


def test_many_unroutable_events_do_not_crowd_out_the_others(app: Database, system: Database) -> None:
    write(app, *(event(f"ord_{number}") for number in range(30)))
    queue = ScriptedPublisher(lambda _message: Outcome.RETURNED)
    sender = relay(system, queue, batch=20)
    sender.step()
    sender.step()
    with system.transaction() as session:
        session.execute(text("UPDATE outbox SET retry_at = now()"))
    (fresh,) = write(app, event("ord_fresh"))
    tried: list[str] = []
    queue.decide = lambda m: tried.append(m.id) or Outcome.RETURNED  # type: ignore[func-returns-value]
    sender._due.clear()
    sender.step()
    assert fresh in tried
    assert len(tried) <= 3


def test_the_log_never_gets_an_erased_persons_data_back(app: Database, system: Database) -> None:
    before = event("cus_1", 1, datasubject="cus_1", data={"name": "Ada"})
    after = event("cus_1", 2, datasubject="cus_1", data={"name": None})
    other = event("cus_2", 1, datasubject="cus_2", data={"name": "Bob"})
    write(app, before, other)
    queue = ScriptedPublisher()

    def erase_while_sending(_message: Message) -> Outcome:
        with app.transaction("pub_1") as session:
            session.execute(insert(erased_subject).values(publisher_id="pub_1", subject="cus_1", erased_at=WHEN))
            forget_events(session, publisher_id="pub_1", datasubject="cus_1", types={PLACED.name: PLACED})
            publish(session, after)
        queue.decide = lambda _next: Outcome.CONFIRMED
        return Outcome.CONFIRMED

    queue.decide = erase_while_sending
    sender = relay(system, queue)
    sender.step()
    sender.step()
    payloads = dict(logged(system))
    assert set(payloads) == {before.id, after.id, other.id}
    assert "Ada" not in str(payloads)
    assert "Bob" in str(payloads[other.id])


def test_two_relays_share_the_shards_and_a_stopped_ones_are_taken_at_once(system: Database) -> None:
    one, two = relay(system, ScriptedPublisher(), "one"), relay(system, ScriptedPublisher(), "two")

    def held(name: str) -> int:
        for each in (one, two):
            each._due.clear()
            each.step()
        with system.transaction() as session:
            count: int = session.execute(
                select(func.count()).select_from(relay_shard).where(relay_shard.c.owner == name)
            ).scalar_one()
        return count

    one.step()
    assert len(one._leases.fences) == SHARDS
    held("two")
    assert (held("one"), held("two")) == (SHARDS // 2, SHARDS // 2)
    one.close()
    two._due.clear()
    two.step()
    assert len(two._leases.fences) == SHARDS


def test_a_dead_relays_shards_are_taken_over_and_it_settles_nothing_any_more(
    app: Database, system: Database, owner: psycopg.Connection
) -> None:
    ids = write(app, event(version=1), event(version=2))
    stalled, heir = ScriptedPublisher(), ScriptedPublisher()
    first, second = relay(system, stalled, "first"), relay(system, heir, "second")

    def stall(_message: Message) -> Outcome:
        # Longer than the lease: another relay takes over in the middle of this one's pass.
        owner.execute("UPDATE relay_shard SET expires_at = now() - interval '1 second'")
        owner.execute("UPDATE relay_worker SET expires_at = now() - interval '1 second'")
        assert second.step() == 2
        stalled.decide = lambda _next: Outcome.CONFIRMED
        return Outcome.CONFIRMED

    stalled.decide = stall
    assert first.step() == 0
    assert heir.ids == ids
    assert [one for one, _payload in logged(system)] == ids


def test_a_restarted_relay_of_the_same_name_goes_on_at_once_and_shuts_its_earlier_life_out(
    app: Database, system: Database
) -> None:
    earlier, later = relay(system, ScriptedPublisher(), "same"), relay(system, ScriptedPublisher(), "same")
    earlier.step()
    write(app, event())
    later._keep_leases()
    assert earlier.step() == 0, "an old fencing number settles nothing"
    assert later.step() == 1


def test_running_relays_empty_the_outbox_survive_trouble_and_stop(app: Database, system: Database) -> None:
    queue = ScriptedPublisher()
    failures = iter([RuntimeError("queue broke"), None, RuntimeError("again")])

    def decide(_message: Message) -> Outcome:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        return Outcome.CONFIRMED

    queue.decide = decide
    stop = threading.Event()
    sender = relay(system, queue)
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    try:
        ids = write(app, *(event(version=version) for version in range(1, 6)))
        until(lambda: waiting(system) == [])
        assert list(dict.fromkeys(queue.ids)) == ids

        def positions() -> list[int]:
            with system.transaction() as session:
                return list(session.scalars(select(event_log.c.position).order_by(event_log.c.arrival)))

        until(lambda: positions() == [1, 2, 3, 4, 5])
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
    with system.transaction() as session:
        assert session.scalars(select(relay_shard.c.owner).where(relay_shard.c.owner.is_not(None))).all() == []


def test_a_relay_outlives_its_database(app: Database, scratch: ScratchDatabase) -> None:
    proxy, url = behind_proxy(scratch.urls.system)
    database, queue, stop = Database(url, pool_size=1), ScriptedPublisher(), threading.Event()
    thread = threading.Thread(target=relay(database, queue).run, args=(stop,))
    thread.start()
    try:
        write(app, event(version=1))
        until(lambda: len(queue.arrived) == 1)
        proxy.cut()
        write(app, event(version=2))
        threading.Event().wait(0.3)
        assert len(queue.arrived) == 1
        proxy.restore()
        until(lambda: len(queue.arrived) >= 2)
    finally:
        stop.set()
        thread.join(15)
        database.close()
        proxy.close()
    assert not thread.is_alive()


def test_several_sequencers_give_gapless_positions_that_a_reader_never_misses(app: Database, system: Database) -> None:
    total, seen, stop = 400, list[int](), threading.Event()

    def write_and_relay(name: str) -> None:
        write(app, *(event(f"ord_{name}_{number}") for number in range(total // 4)))

    def place() -> None:
        while not stop.is_set():
            give_positions(system, batch=7)

    def read() -> None:
        last = 0
        while len(seen) < total and not stop.is_set():
            with system.transaction() as session:
                new = session.scalars(
                    select(event_log.c.position).where(event_log.c.position > last).order_by(event_log.c.position)
                ).all()
            seen.extend(new)
            last = seen[-1] if seen else 0

    sender = relay(system, ScriptedPublisher())
    writers = [threading.Thread(target=write_and_relay, args=(name,)) for name in "abcd"]
    others = [threading.Thread(target=place) for _ in range(2)] + [threading.Thread(target=read)]
    for thread in writers + others:
        thread.start()
    deadline = time.monotonic() + 30
    while len(seen) < total and time.monotonic() < deadline:
        sender.step()
    stop.set()
    for thread in writers + others:
        thread.join(10)
    assert seen == list(range(1, total + 1))


def test_what_is_older_than_its_time_is_deleted_and_nothing_else(app: Database, system: Database) -> None:
    write(app, *(event(f"ord_{number}") for number in range(3)))
    relay(system, ScriptedPublisher()).step()
    with system.transaction() as session:
        logged_at = session.execute(select(func.max(event_log.c.logged_at))).scalar_one()
        session.execute(
            text("INSERT INTO inbox VALUES ('c', 'e1', 'pub_1', :old), ('c', 'e2', 'pub_1', :new)"),
            {"old": logged_at - timedelta(days=89), "new": logged_at},
        )
    with app.transaction("pub_1") as session:
        session.execute(
            text(
                "INSERT INTO idempotency_key (publisher_id, actor_id, key, fingerprint, created_at) "
                "VALUES ('pub_1', 'a', 'old', '', :old), ('pub_1', 'a', 'new', '', :new)"
            ),
            {"old": logged_at - timedelta(hours=23), "new": logged_at},
        )
    assert prune(system, retention=Retention(), now=logged_at) == {"event_log": 0, "inbox": 0, "idempotency_key": 0}
    soon = logged_at + timedelta(hours=2)
    assert prune(system, retention=Retention(), now=soon) == {"event_log": 0, "inbox": 0, "idempotency_key": 1}
    later = logged_at + timedelta(days=40)
    assert prune(system, retention=Retention(), now=later)["event_log"] == 0, "without a position it is not read yet"
    give_positions(system)
    assert prune(system, retention=Retention(), now=later)["event_log"] == 3
