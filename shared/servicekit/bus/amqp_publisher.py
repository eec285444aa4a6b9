"""Publishing to RabbitMQ with pipelined confirms.

Our own count of delivery tags, never the library's waiting: a confirm that comes late must not be credited to another
message, and one that never comes must not block for good.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import structlog
from amqp import Message as AmqpMessage
from amqp import spec

from servicekit.bus import BusUnavailable, Message, Outcome
from servicekit.bus.amqp_link import Link
from servicekit.events import CONTENT_TYPE

WINDOW = 500
"""How many messages may be on their way without an answer."""

_log = structlog.get_logger(__name__)


class AmqpPublisher:
    """Sends to one exchange. Not safe for several threads."""

    def __init__(self, url: str, exchange: str) -> None:
        self._link = Link(url, f"publisher of {exchange}")
        self._exchange = exchange
        self._epoch = 0
        self._last_tag = 0
        self._waiting: dict[int, int] = {}
        self._outcomes: list[Outcome] = []
        self._returned: set[str] = set()
        self._ids: list[str] = []

    def publish(self, messages: Sequence[Message], *, timeout: float) -> list[Outcome]:
        """As the port says; the time limit is for the answers, connecting has its own."""
        self._outcomes = [Outcome.UNKNOWN] * len(messages)
        self._ids = [message.id for message in messages]
        self._waiting.clear()
        self._returned.clear()
        try:
            channel = self._ready_channel()
            with self._link.guard():
                self._send(channel, messages, time.monotonic() + timeout)
        except BusUnavailable as error:
            _log.warning("publishing failed", error=str(error))
        if self._waiting:
            # What is still unanswered may be answered later, when its tag would mean another message.
            self._link.discard()
            self._waiting.clear()
        return self._outcomes

    def close(self) -> None:
        """Give the connection back."""
        self._link.close()

    def _ready_channel(self) -> Any:
        self._link.discard_if_stale()
        channel = self._link.channel()
        if self._epoch != self._link.epoch:
            with self._link.guard():
                channel.confirm_select()
            channel.events["basic_ack"].add(self._on_ack)
            channel.events["basic_nack"].add(self._on_nack)
            channel.events["basic_return"].add(self._on_return)
            self._epoch, self._last_tag = self._link.epoch, 0
        return channel

    def _send(self, channel: Any, messages: Sequence[Message], deadline: float) -> None:
        for index, message in enumerate(messages):
            while len(self._waiting) >= WINDOW:
                if not self._await_answer(deadline):
                    return
            self._last_tag += 1
            self._waiting[self._last_tag] = index
            # basic_publish would first look for incoming frames, a few system calls for every message.
            channel.send_method(
                spec.Basic.Publish, "Bssbb", (0, self._exchange, message.type, True, False), _on_the_wire(message)
            )
        while self._waiting and self._await_answer(deadline):
            pass
        if not messages:
            self._link.drain(0)  # reads the broker's heartbeats and sends ours

    def _await_answer(self, deadline: float) -> bool:
        remaining = deadline - time.monotonic()
        return remaining > 0 and (self._link.drain(remaining) or time.monotonic() < deadline)

    def _on_ack(self, tag: int, multiple: bool) -> None:
        for index in self._answered(tag, multiple):
            # A returned message is confirmed as well; the return comes first.
            self._outcomes[index] = Outcome.RETURNED if self._ids[index] in self._returned else Outcome.CONFIRMED

    def _on_nack(self, tag: int, multiple: bool) -> None:
        for index in self._answered(tag, multiple):
            self._outcomes[index] = Outcome.REFUSED

    def _on_return(self, _error: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        self._returned.add(message.properties.get("message_id", ""))

    def _answered(self, tag: int, multiple: bool) -> list[int]:
        if not multiple:
            index = self._waiting.pop(tag, None)
            return [] if index is None else [index]
        # Tags are given in rising order, and a dict keeps the order of insertion.
        tags = []
        for waiting in self._waiting:
            if waiting > tag:
                break
            tags.append(waiting)
        return [self._waiting.pop(waiting) for waiting in tags]


def _on_the_wire(message: Message) -> AmqpMessage:
    properties: dict[str, Any] = {"content_type": CONTENT_TYPE, "delivery_mode": 2, "message_id": message.id}
    if message.headers:
        properties["application_headers"] = dict(message.headers)
    return AmqpMessage(message.body, **properties)
