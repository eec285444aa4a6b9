"""The in-process bus's connections: few, shared under a lock, and given up when they don't answer in time."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import psycopg

from servicekit.bus import BusUnavailable

Connection = psycopg.Connection[tuple[Any, ...]]


class Link:
    """One connection in autocommit mode, used by several threads in turn, opened when first used.

    ``epoch`` counts connections: what a session held (locks, messages in hand) is gone with its connection.
    """

    def __init__(self, url: str, name: str, *, options: str = "") -> None:
        self._url = url
        self._options = options
        self._name = name
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self.epoch = 0

    @contextlib.contextmanager
    def use(self, timeout: float) -> Iterator[Connection]:
        """The connection, for this thread alone. Raises BusUnavailable, also after ``timeout`` seconds."""
        with self._lock:
            try:
                connection = self._ready()
                with _given_up_after(timeout, connection):
                    yield connection
            except psycopg.errors.UndefinedTable as error:
                raise BusUnavailable("the topology is not declared") from error
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                self.close()
                raise BusUnavailable(f"the bus's database: {type(error).__name__}") from error

    def close(self) -> None:
        """Drop the connection; the next use opens another."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _ready(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=5, application_name=self._name, options=self._options
            )
            self.epoch += 1
        return self._connection


@contextlib.contextmanager
def _given_up_after(timeout: float, connection: Connection) -> Iterator[None]:
    """Break the connection when the block takes longer: libpq waits for an answer without limit."""
    twin = socket.socket(fileno=os.dup(connection.fileno()))
    timer = threading.Timer(timeout, _cut, (twin,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        twin.close()


def _cut(twin: socket.socket) -> None:
    with contextlib.suppress(OSError):
        twin.shutdown(socket.SHUT_RDWR)
