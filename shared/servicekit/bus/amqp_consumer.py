"""Consuming one quorum queue of RabbitMQ."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

from servicekit.bus import BusUnavailable, Delivery, Message
from servicekit.bus.amqp_link import HEARTBEAT, Link


class AmqpConsumer:
    """Receives in order and acknowledges in as few frames as is safe. Not safe for several threads.

    Heartbeats leave whenever ``receive``, ``acknowledge`` or ``pause`` is called, so between two calls there
    may be about a minute (``amqp_link.HEARTBEAT``); after longer the messages come again.
    """

    def __init__(self, url: str, queue: str, prefetch: int) -> None:
        self._link = Link(url, f"consumer of {queue}")
        self._queue = queue
        self._prefetch = prefetch
        self._epoch = 0
        self._tag: str | None = None
        self._received: deque[Delivery] = deque()
        self._outstanding: dict[int, None] = {}  # delivery tags not acknowledged, in rising order

    def receive(self, *, limit: int, timeout: float) -> list[Delivery]:
        """As the port says. A message that is no event is handed over like any other, its bytes untouched."""
        self._consume()
        deadline = time.monotonic() + timeout
        with self._link.guard():
            self._link.tick()
            while not self._received and (remaining := deadline - time.monotonic()) > 0:
                # In slices, so that heartbeats leave during a long wait.
                self._link.drain(min(remaining, HEARTBEAT / 3))
            while len(self._received) < limit and self._link.drain(0):
                pass
        return [self._received.popleft() for _ in range(min(limit, len(self._received)))]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """As the port says; those of an earlier connection are refused with BusUnavailable: they come again."""
        if not deliveries:
            return
        handles = [_handle(delivery) for delivery in deliveries]
        if not self._link.is_open or any(epoch != self._link.epoch for epoch, _tag in handles):
            raise BusUnavailable("the connection on which these were received is gone")
        done = {tag for _epoch, tag in handles if tag in self._outstanding}
        together, one_by_one = self._split(done)
        channel = self._link.channel()
        with self._link.guard():
            if together is not None:
                channel.basic_ack(together, multiple=True)
            for tag in one_by_one:
                channel.basic_ack(tag)
            self._link.tick()
        for tag in done:
            del self._outstanding[tag]

    def pause(self, *, seconds: float) -> None:
        """As the port says. The consumer is cancelled, so that others may take what this one doesn't."""
        channel = self._same_channel()
        deadline = time.monotonic() + seconds
        with self._link.guard():
            if self._tag is not None:
                channel.basic_cancel(self._tag)
                self._tag = None
            while (remaining := deadline - time.monotonic()) > 0:
                self._link.drain(min(remaining, HEARTBEAT / 3))

    def close(self) -> None:
        """As the port says."""
        self._link.close()
        self._forget()

    def _split(self, done: set[int]) -> tuple[int | None, list[int]]:
        """The tag up to which everything outstanding is done, and the done ones beyond it."""
        together = None
        for tag in self._outstanding:
            if tag not in done:
                break
            together = tag
        return together, sorted(tag for tag in done if together is None or tag > together)

    def _same_channel(self) -> Any:
        channel = self._link.channel()
        if self._epoch != self._link.epoch:
            self._forget()
            raise BusUnavailable("the connection was lost")
        return channel

    def _consume(self) -> None:
        """Have the queue send to us; on a new connection nothing of the old one is left."""
        channel = self._link.channel()
        if self._epoch != self._link.epoch:
            self._forget()
            with self._link.guard():
                # Not global: quorum queues refuse that, RabbitMQ 4 altogether.
                channel.basic_qos(0, self._prefetch, False)
            self._epoch = self._link.epoch
        if self._tag is None:
            with self._link.guard():
                self._tag = channel.basic_consume(self._queue, callback=self._on_message)

    def _on_message(self, message: Any) -> None:
        tag = message.delivery_info["delivery_tag"]
        self._outstanding[tag] = None
        self._received.append(
            Delivery(
                message=Message(
                    id=str(message.properties.get("message_id") or ""),
                    type=message.delivery_info["routing_key"],
                    body=_as_bytes(message.body),
                    headers={str(k): str(v) for k, v in (message.headers or {}).items()},
                ),
                redelivered=bool(message.delivery_info["redelivered"]),
                handle=(self._link.epoch, tag),
            )
        )

    def _forget(self) -> None:
        self._tag = None
        self._received.clear()
        self._outstanding.clear()


def _handle(delivery: Delivery) -> tuple[int, int]:
    return cast("tuple[int, int]", delivery.handle)


def _as_bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)
