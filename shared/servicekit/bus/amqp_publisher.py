"""Publishing to RabbitMQ with pipelined confirms.

Our own count of delivery tags, never the library's waiting: a confirm that comes late must not be credited to another
message, and one that never comes must not block for good.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import structlog

from servicekit.bus import BusUnavailable, Message, Outcome
from servicekit.bus.amqp_frames import PublishFrames
from servicekit.bus.amqp_link import Link

WINDOW = 500
"""How many messages may be on their way without an answer."""

_WRITE_BYTES = 32_768  # about so many are written at once

_log = structlog.get_logger(__name__)


class AmqpPublisher:
    """Sends to one exchange. Not safe for several threads."""

    def __init__(self, url: str, exchange: str) -> None:
        self._link = Link(url, f"publisher of {exchange}")
        self._exchange = exchange
        self._epoch = 0
        self._last_tag = 0
        self._frames: PublishFrames
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
            self._make_ready()
            with self._link.guard():
                self._send(messages, time.monotonic() + timeout)
        except BusUnavailable as error:
            _log.warning("publishing failed", error=str(error))
        finally:
            if self._waiting:
                # What is still unanswered may be answered later, when its tag would mean another message.
                self._link.discard()
                self._waiting.clear()
        return self._outcomes

    def close(self) -> None:
        """Give the connection back."""
        self._link.close()

    def _make_ready(self) -> None:
        self._link.discard_if_stale()
        channel = self._link.channel()
        if self._epoch != self._link.epoch:
            with self._link.guard():
                channel.confirm_select()
            channel.events["basic_ack"].add(self._on_ack)
            channel.events["basic_nack"].add(self._on_nack)
            channel.events["basic_return"].add(self._on_return)
            self._frames = PublishFrames(
                exchange=self._exchange, channel=channel.channel_id, frame_max=channel.connection.frame_max
            )
            self._epoch, self._last_tag = self._link.epoch, 0

    def _send(self, messages: Sequence[Message], deadline: float) -> None:
        unwritten: list[bytes] = []
        size = 0
        for index, message in enumerate(messages):
            if len(self._waiting) >= WINDOW:
                self._write(unwritten)
                size = 0
                if not self._await_room(deadline):
                    return
            frames = self._frames.encode(message)
            self._last_tag += 1
            self._waiting[self._last_tag] = index
            unwritten.append(frames)
            size += len(frames)
            if size >= _WRITE_BYTES:
                self._write(unwritten)
                size = 0
        self._write(unwritten)
        while self._waiting and self._await_answer(deadline):
            pass
        if not messages:
            self._link.drain(0)  # reads the broker's heartbeats and sends ours

    def _write(self, frames: list[bytes]) -> None:
        if frames:
            self._link.write(b"".join(frames))
            frames.clear()

    def _await_room(self, deadline: float) -> bool:
        """Room for more than one message, or every message would be written by itself."""
        while len(self._waiting) > WINDOW * 3 // 4:
            if not self._await_answer(deadline):
                return False
        return True

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
