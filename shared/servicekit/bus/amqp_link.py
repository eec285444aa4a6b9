"""One connection with one channel to RabbitMQ, and every way it can break turned into BusUnavailable."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

from amqp.exceptions import AMQPError
from kombu import connection as kombu_connection

from servicekit.bus import BusUnavailable

_Connection: Any = kombu_connection.Connection  # kombu has no types

HEARTBEAT = 30
"""Seconds between heartbeats. RabbitMQ gives a silent client up after two to three of them, so whoever serves a link
must do so at least once a minute: a handler that works longer than that gets its messages again."""

CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 10
"""Seconds that a synchronous call (open, declare, cancel) may take before the connection is given up."""

# The kernel finds a peer that vanished without a word, whatever our own threads do: after 10 + 3 x 5 seconds.
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}

# pyamqp raises these too when the connection breaks under it (kombu/transport/pyamqp.py says so itself).
BROKEN = (OSError, AMQPError, AttributeError, KeyError, IndexError, TypeError)


class Link:
    """A connection and its channel, opened when first used and thrown away whole when anything goes wrong.

    Several addresses, separated by ``;``, are tried in turn (a cluster's nodes). Not safe for several threads.
    """

    def __init__(self, url: str, name: str) -> None:
        self._name = name
        self._client: Any = _Connection(
            url,
            connect_timeout=CONNECT_TIMEOUT,
            heartbeat=HEARTBEAT,
            transport_options={
                "read_timeout": ANSWER_TIMEOUT,
                "write_timeout": ANSWER_TIMEOUT,
                "client_properties": {"connection_name": name},
                "socket_settings": _keepalive(),
            },
        )
        self._connection: Any = None
        self._channel: Any = None
        self._served = 0.0
        self.epoch = 0
        """Counts connections: a delivery tag means nothing on any connection but its own."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as known."""
        return self._channel is not None

    def channel(self) -> Any:
        """The channel, connecting first where there is none. Raises BusUnavailable."""
        if self._channel is None:
            self._open()
        return self._channel

    def discard_if_stale(self) -> None:
        """Drop a connection that was silent so long that the broker may have given it up, before trusting it."""
        if self._channel is not None and time.monotonic() - self._served > HEARTBEAT:
            self.discard()

    def _open(self) -> None:
        try:
            self._connection = self._client.transport.establish_connection()
            channel = self._connection.channel()
        except BROKEN as error:
            self.discard()
            self._client.maybe_switch_next()
            raise BusUnavailable(f"RabbitMQ can't be reached: {type(error).__name__}") from error
        channel.auto_decode = False  # Bodies stay bytes, whatever a publisher claims about their encoding.
        self._channel = channel
        self._served = time.monotonic()
        self.epoch += 1

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """What breaks inside discards the connection and is raised as BusUnavailable."""
        try:
            yield
        except BROKEN as error:
            self.discard()
            raise BusUnavailable(f"the connection to RabbitMQ broke: {type(error).__name__}") from error
        self._served = time.monotonic()

    def drain(self, timeout: float) -> bool:
        """Handle what arrives next, waiting up to ``timeout`` seconds; False when nothing did. Under ``guard``."""
        try:
            # Zero would make pyamqp spin on a frame that is only half there.
            self._connection.drain_events(timeout=max(timeout, 0.001))
        except TimeoutError:
            self._connection.heartbeat_tick()
            return False
        return True

    def write(self, frames: bytes) -> None:
        """Send frames that are ready. Under ``guard``."""
        self._connection.transport.write(frames)
        self._connection.bytes_sent += 1  # by which pyamqp knows that no heartbeat is due

    def tick(self) -> None:
        """Send a heartbeat if one is due."""
        self._connection.heartbeat_tick()

    def discard(self) -> None:
        """Drop the connection without a farewell: nothing that arrives on it later counts."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(*BROKEN):
                connection.collect()

    def close(self) -> None:
        """Close in good order, so that the broker takes unacknowledged messages back at once."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(*BROKEN):
                connection.close()


def _keepalive() -> dict[int, int]:
    return {getattr(socket, name): value for name, value in _KEEPALIVE.items() if hasattr(socket, name)}
