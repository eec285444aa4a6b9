"""Consuming one queue of the in-process bus."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import cast

import orjson

from servicekit.bus import BusUnavailable, Delivery, Message
from servicekit.bus.inprocess_arrivals import Arrivals
from servicekit.bus.inprocess_link import Connection, Link

ANSWER_TIMEOUT = 10.0
POLL_SECONDS = 0.25
"""How often to look for what another process has published, and whether another consumer has left."""

_LOCK = "SELECT pg_try_advisory_lock(7420011, number) FROM bus_queue WHERE queue = %s"
_UNLOCK = "SELECT pg_advisory_unlock(7420011, number) FROM bus_queue WHERE queue = %s"

# Not by position: identities may become visible out of order, so whatever is there and not in hand comes next.
_NEXT = """
    WITH next AS (
        SELECT id, message_id, type, headers, body FROM bus_delivery
        WHERE queue = %(queue)s AND NOT (id = ANY(%(held)s)) ORDER BY id LIMIT %(limit)s
    ), before AS (
        SELECT delivered FROM bus_queue WHERE queue = %(queue)s
    ), mark AS (
        UPDATE bus_queue SET delivered = (SELECT max(id) FROM next)
        WHERE queue = %(queue)s AND delivered < (SELECT max(id) FROM next)
    )
    SELECT id, message_id, type, headers, body, id <= (SELECT delivered FROM before) FROM next ORDER BY id
"""


class Turns:
    """Which consumer of this process is served at which queue. To be used with the link in hand."""

    def __init__(self) -> None:
        self._holders: dict[str, tuple[InProcessConsumer, int]] = {}

    def take(self, connection: Connection, consumer: InProcessConsumer, queue: str, epoch: int) -> bool:
        """Whether the queue is now this consumer's. Raises BusUnavailable for a queue that is not declared.

        Between processes a lock of the session decides: it is gone with the connection, however that ends.
        """
        holder, since = self._holders.get(queue, (None, 0))
        if since == epoch:
            return holder is consumer
        row = connection.execute(_LOCK, (queue,)).fetchone()
        if row is None:
            raise BusUnavailable(f"the queue {queue} is not declared")
        if row[0]:
            self._holders[queue] = (consumer, epoch)
        return bool(row[0])

    def has(self, consumer: InProcessConsumer, queue: str, epoch: int) -> bool:
        """Whether this consumer took its turn on this connection."""
        return self._holders.get(queue) == (consumer, epoch)

    def give_back(self, connection: Connection, queue: str) -> None:
        """Let the next one have the queue."""
        del self._holders[queue]
        connection.execute(_UNLOCK, (queue,))


class InProcessConsumer:
    """Takes the queue's rows in order; acknowledging deletes them. One thread uses it at a time."""

    def __init__(self, link: Link, arrivals: Arrivals, turns: Turns, queue: str, prefetch: int) -> None:
        self._link = link
        self._arrivals = arrivals
        self._turns = turns
        self._queue = queue
        self._prefetch = prefetch
        self._held: set[int] = set()

    def receive(self, *, limit: int, timeout: float) -> list[Delivery]:
        """As the port says. With another consumer at the queue it only waits for its turn."""
        deadline = time.monotonic() + timeout
        while True:
            mark = self._arrivals.seen(self._queue)
            deliveries = self._take(limit)
            remaining = deadline - time.monotonic()
            if deliveries or remaining <= 0:
                return deliveries
            self._arrivals.wait(self._queue, mark, min(remaining, POLL_SECONDS))

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """As the port says; those of an earlier connection are refused with BusUnavailable: they come again."""
        if not deliveries:
            return
        handles = [_handle(delivery) for delivery in deliveries]
        with self._link.use(ANSWER_TIMEOUT) as connection:
            epoch = self._link.epoch
            if not self._turns.has(self, self._queue, epoch) or any(since != epoch for since, _id in handles):
                raise BusUnavailable("the connection on which these were received is gone")
            done = [number for _epoch, number in handles]
            connection.execute("DELETE FROM bus_delivery WHERE id = ANY(%s)", (done,))
        self._held.difference_update(done)

    def pause(self, *, seconds: float) -> None:
        """As the port says; the connection lives by itself."""
        time.sleep(seconds)

    def close(self) -> None:
        """As the port says."""
        with contextlib.suppress(BusUnavailable), self._link.use(ANSWER_TIMEOUT) as connection:
            if self._turns.has(self, self._queue, self._link.epoch):
                self._turns.give_back(connection, self._queue)
        self._held.clear()

    def _take(self, limit: int) -> list[Delivery]:
        with self._link.use(ANSWER_TIMEOUT) as connection:
            epoch = self._link.epoch
            if not self._turns.has(self, self._queue, epoch):
                self._held.clear()
                if not self._turns.take(connection, self, self._queue, epoch):
                    return []
            room = min(limit, self._prefetch - len(self._held))
            if room <= 0:
                return []
            rows = connection.execute(_NEXT, {"queue": self._queue, "held": list(self._held), "limit": room}).fetchall()
        self._held.update(row[0] for row in rows)
        return [
            Delivery(
                message=Message(id=message_id, type=type_, body=body, headers=orjson.loads(headers)),
                redelivered=redelivered,
                handle=(epoch, number),
            )
            for number, message_id, type_, headers, body, redelivered in rows
        ]


def _handle(delivery: Delivery) -> tuple[int, int]:
    return cast("tuple[int, int]", delivery.handle)
