"""What the relay does with what is in the outbox."""

from __future__ import annotations

import threading

from prometheus_client import REGISTRY
from sqlalchemy import insert, select

from servicekit.bus import Message, Outcome
from servicekit.db.database import Database
from servicekit.db.tables import erased_subject, event_log, relay_shard
from servicekit.events import Event
from servicekit.outbox import forget_events, publish
from servicekit.parking import park
from servicekit.testing.databases import ScratchDatabase
from servicekit.testing.proxy import behind_proxy
from servicekit.testing.queues import ScriptedPublisher
from servicekit.tests.relay.orders import PLACED, WHEN, event, logged, relay, until, waiting, write


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


def test_a_running_relay_tells_how_many_messages_are_parked(app: Database, system: Database) -> None:
    with system.transaction() as session:
        park(session, consumer="mailer", body=b"no event", reason="unreadable")
    stop = threading.Event()
    thread = threading.Thread(target=relay(system, ScriptedPublisher()).run, args=(stop,))
    thread.start()
    try:
        until(lambda: REGISTRY.get_sample_value("consumer_parked_messages", {"consumer": "mailer"}) == 1.0)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
