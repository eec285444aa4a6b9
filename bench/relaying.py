"""The relay: outbox to RabbitMQ, against pipelined confirms of the same payload without a database."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence
from typing import Any

from amqp import Message as AmqpMessage
from kombu import Connection
from sqlalchemy import text

from bench.measure import Row, take_turns
from bench.people import created_events
from bench.stand import Stand
from servicekit import clock
from servicekit.bus import Message, Outcome, Publisher
from servicekit.bus.amqp import AmqpBus, dead_letter_queue
from servicekit.events import CONTENT_TYPE, Event
from servicekit.ids import new_id
from servicekit.outbox import shard_of
from servicekit.relay import Relay

AIM = 0.6
WINDOW = 500
_FILL = text(
    """
    INSERT INTO outbox (shard, publisher_id, event_id, type, subject, aggregate_version, datasubject, time, payload)
    SELECT * FROM unnest(
        CAST(:shards AS smallint[]), CAST(:publishers AS text[]), CAST(:ids AS text[]), CAST(:types AS text[]),
        CAST(:subjects AS text[]), CAST(:versions AS bigint[]), CAST(:subjects AS text[]),
        CAST(:times AS timestamptz[]), CAST(:payloads AS text[]))
    """
)


class _Counting:
    """A publisher that tells when everything is confirmed."""

    def __init__(self, inner: Publisher, expected: int, done: threading.Event) -> None:
        self._inner = inner
        self._missing = expected
        self._done = done

    def publish(self, messages: Sequence[Message], *, timeout: float) -> list[Outcome]:
        outcomes = self._inner.publish(messages, timeout=timeout)
        self._missing -= outcomes.count(Outcome.CONFIRMED)
        if self._missing <= 0:
            self._done.set()
        return outcomes

    def close(self) -> None:
        self._inner.close()


def measure(stand: Stand, quick: bool) -> list[Row]:
    """An outbox with two events of each of 10,000 customers, relayed until it is empty."""
    stand.require("RabbitMQ")
    rounds, customers = (1, 500) if quick else (7, 10_000)
    events = created_events(new_id("pub"), customers, at=clock.now(), edits=1)
    payloads = [event.to_json() for event in events]

    def ours() -> float:
        _empty_queues(stand)
        _fill(stand, events)
        return _relay(stand, len(events))

    def baseline() -> float:
        _empty_queues(stand)
        return _publish(stand, events, payloads)

    take_turns(1, baseline=baseline, ours=ours)  # connections, caches, and the tables' first pages
    found = take_turns(rounds, baseline=baseline, ours=ours)
    alone = [_publish_by_ours(stand, events, payloads) for _ in range(rounds)]
    _empty_queues(stand)
    return [
        Row(
            name="relaying",
            what="relay, outbox to RabbitMQ",
            ours=statistics.median(found.ours),
            baseline=statistics.median(found.baseline),
            unit="events/s",
            aim=AIM,
            ratios=found.ratios,
            details={
                "events": len(events),
                "bytes": statistics.mean(map(len, payloads)),
                "ours": found.ours,
                "baseline": found.baseline,
                "our_publisher_without_a_database": alone,
            },
        )
    ]


def _fill(stand: Stand, events: Sequence[Event]) -> None:
    database = stand.database("customers", "system")
    with database.transaction() as session:
        session.execute(text("DELETE FROM outbox"))
        session.execute(
            _FILL,
            {
                "shards": [shard_of(event.subject) for event in events],
                "publishers": [event.publisher_id for event in events],
                "ids": [new_id("evt") for _ in events],
                "types": [event.type for event in events],
                "subjects": [event.subject for event in events],
                "versions": [event.aggregate_version for event in events],
                "times": [event.time for event in events],
                "payloads": [event.to_json().decode() for event in events],
            },
        )


def _relay(stand: Stand, count: int) -> float:
    done = threading.Event()
    bus = AmqpBus(stand.amqp_url, exchange=stand.topology.exchange)
    publisher = _Counting(bus.publisher(), count, done)
    publisher.publish([], timeout=5)  # connect
    relay = Relay(stand.database("customers", "system"), publisher, stand.topology, worker_id="bench")
    began = time.perf_counter()
    relay.run(done)  # settles the last batch, then ends
    seconds = time.perf_counter() - began
    with stand.database("customers", "system").transaction() as session:
        left = session.execute(text("SELECT count(*) FROM outbox")).scalar_one()
    if left:
        raise RuntimeError(f"the relay has left {left} events")
    return count / seconds


def _publish(stand: Stand, events: Sequence[Event], payloads: Sequence[bytes]) -> float:
    """The same bodies to the same exchange: a window of messages on their way, confirms read as they come."""
    exchange = stand.topology.exchange
    with Connection(stand.amqp_url) as client:
        connection = client.transport.establish_connection()
        channel = connection.channel()
        channel.confirm_select()
        unconfirmed: set[int] = set()

        def on_ack(tag: int, multiple: bool) -> None:
            if multiple:
                unconfirmed.difference_update({waiting for waiting in unconfirmed if waiting <= tag})
            else:
                unconfirmed.discard(tag)

        channel.events["basic_ack"].add(on_ack)
        began = time.perf_counter()
        for tag, (event, payload) in enumerate(zip(events, payloads, strict=True), start=1):
            while len(unconfirmed) >= WINDOW:
                connection.drain_events(timeout=10)
            unconfirmed.add(tag)
            _basic_publish(channel, exchange, event, payload)
        while unconfirmed:
            connection.drain_events(timeout=10)
        seconds = time.perf_counter() - began
        connection.close()
    return len(events) / seconds


def _publish_by_ours(stand: Stand, events: Sequence[Event], payloads: Sequence[bytes]) -> float:
    """The same by the publisher that the relay uses: what is left when the database costs nothing."""
    _empty_queues(stand)
    messages = [
        Message(id=event.id, type=event.type, body=payload, headers={})
        for event, payload in zip(events, payloads, strict=True)
    ]
    publisher = AmqpBus(stand.amqp_url, exchange=stand.topology.exchange).publisher()
    publisher.publish([], timeout=5)  # connect
    began = time.perf_counter()
    outcomes = publisher.publish(messages, timeout=60)
    seconds = time.perf_counter() - began
    publisher.close()
    if set(outcomes) != {Outcome.CONFIRMED}:
        raise RuntimeError(f"RabbitMQ did not take the events: {set(outcomes)}")
    return len(events) / seconds


def _basic_publish(channel: Any, exchange: str, event: Event, payload: bytes) -> None:
    message = AmqpMessage(payload, content_type=CONTENT_TYPE, delivery_mode=2, message_id=event.id)
    # Not basic_publish: with confirms it waits for each one.
    channel._basic_publish(message, exchange, event.type, mandatory=True)  # noqa: SLF001


def _empty_queues(stand: Stand) -> None:
    with Connection(stand.amqp_url) as client, client.channel() as channel:
        for queue in stand.topology.queues:
            channel.queue_purge(queue)
            channel.queue_purge(dead_letter_queue(queue))
