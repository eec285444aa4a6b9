"""Several relays at once: who has which shard, the positions in the log, and what is deleted when."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from servicekit.bus import Message, Outcome
from servicekit.db.database import Database, is_transient
from servicekit.db.ddl import SHARDS
from servicekit.db.tables import event_log, relay_shard
from servicekit.relay import outbox_status
from servicekit.relay.held_rows import hold_returned
from servicekit.relay.leases import Leases, keep_leases
from servicekit.relay.outbox_rows import Waiting, read_waiting, settle
from servicekit.relay.retention import Retention, prune
from servicekit.relay.sequencer import give_positions
from servicekit.testing.databases import ScratchDatabase
from servicekit.testing.queues import ScriptedPublisher
from servicekit.tests.relay.orders import event, logged, relay, until, waiting, write


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


def test_two_relays_and_a_slow_queue_settle_what_it_confirms(
    app: Database, scratch: ScratchDatabase, system: Database
) -> None:
    """Each aggregate's four events take longer than a lease: what is confirmed meanwhile must not be sent for ever."""
    ids = write(app, *(event(version=version) for version in range(1, 5)))
    stop = threading.Event()

    def take_long(_message: Message) -> Outcome:
        time.sleep(0.5)  # the queue's own slowness is what is tested
        return Outcome.CONFIRMED

    queues = [ScriptedPublisher(take_long) for _ in range(2)]
    databases = [Database(scratch.urls.system, pool_size=2) for _ in queues]
    relays = [
        relay(database, queue, f"slow {number}", lease_seconds=0.9, send_seconds=0.1)
        for number, (database, queue) in enumerate(zip(databases, queues, strict=True))
    ]
    threads = [threading.Thread(target=each.run, args=(stop,)) for each in relays]
    for thread in threads:
        thread.start()
    try:
        until(lambda: waiting(system) == [], seconds=15)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
        for database in databases:
            database.close()
    assert [one for one, _payload in logged(system)] == ids
    assert sum(len(queue.ids) for queue in queues) <= 2 * len(ids)


def overdue(app: Database, system: Database, owner: psycopg.Connection) -> tuple[Leases, list[Waiting]]:
    """What a relay named "stalled" holds and has read, its leases being over."""
    write(app, event("ord_1"))
    with system.transaction() as session:
        leases = keep_leases(session, "stalled")
        events = read_waiting(session, leases, 10)
    owner.execute("UPDATE relay_shard SET expires_at = now() - interval '1 second'")
    owner.execute("DELETE FROM relay_worker")
    return leases, events


def test_a_relay_that_stands_still_while_settling_keeps_only_those_shards_and_not_for_long(
    app: Database, system: Database, owner: psycopg.Connection
) -> None:
    leases, events = overdue(app, system, owner)
    (shard,) = {one.shard for one in events}
    with pytest.raises(DBAPIError) as stopped, system.transaction() as stalled:  # noqa: PT012
        stalled.execute(text("SET LOCAL idle_in_transaction_session_timeout = '1s'"))
        settle(stalled, "stalled", leases, events)
        with system.transaction() as session:
            assert keep_leases(session, "heir").fences.keys() == set(range(SHARDS)) - {shard}

        def has_all() -> bool:
            with system.transaction() as session:
                return len(keep_leases(session, "heir").fences) == SHARDS

        until(has_all)
        stalled.execute(text("SELECT 1"))
    assert is_transient(stopped.value)
    assert len(waiting(system)) == 1


@pytest.mark.parametrize("role", ["app", "system"])
def test_what_stands_still_in_a_transaction_is_ended_soon(scratch: ScratchDatabase, role: str) -> None:
    with psycopg.connect(getattr(scratch.urls, role)) as connection:
        assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("10s",)
        assert connection.execute("SHOW tcp_keepalives_idle").fetchone() == ("15",)


def test_what_no_queue_takes_is_noted_by_the_shards_owner_only(
    app: Database, system: Database, owner: psycopg.Connection
) -> None:
    leases, events = overdue(app, system, owner)
    with system.transaction() as session:
        keep_leases(session, "heir")
        hold_returned(session, "stalled", leases, events)
        assert outbox_status(session).unroutable == 0


def test_a_restarted_relay_of_the_same_name_goes_on_at_once_and_shuts_its_earlier_life_out(
    app: Database, system: Database
) -> None:
    earlier, later = relay(system, ScriptedPublisher(), "same"), relay(system, ScriptedPublisher(), "same")
    earlier.step()
    write(app, event())
    later._keep_leases()
    assert earlier.step() == 0, "an old fencing number settles nothing"
    assert later.step() == 1


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
    nothing = {"event_log": 0, "inbox": 0, "idempotency_key": 0, "audit_entry": 0}
    assert prune(system, retention=Retention(), now=logged_at) == nothing
    soon = logged_at + timedelta(hours=2)
    assert prune(system, retention=Retention(), now=soon) == {**nothing, "idempotency_key": 1}
    later = logged_at + timedelta(days=40)
    assert prune(system, retention=Retention(), now=later)["event_log"] == 0, "without a position it is not read yet"
    give_positions(system)
    assert prune(system, retention=Retention(), now=later)["event_log"] == 3
