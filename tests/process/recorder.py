"""A system beside the product that writes down every event that reaches its own queue, and in which order."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from typing import Any

from amqp.exceptions import AMQPError
from kombu import Connection, Exchange, Queue
from kombu.exceptions import OperationalError

_QUEUE = Queue("recorder", Exchange("accounts.events", "topic"), "#", queue_arguments={"x-queue-type": "quorum"})
_BROKEN = (OSError, AMQPError, OperationalError, AttributeError, KeyError, IndexError, TypeError)
_TIMEOUTS = {"read_timeout": 10, "write_timeout": 10}


class Recorder(threading.Thread):
    """Records until told to stop; comes back by itself when the broker does. It is never killed, so memory will do."""

    def __init__(self, amqp_url: str) -> None:
        super().__init__(name="recorder", daemon=True)
        self.deliveries = 0
        self._url = amqp_url
        self._halt = threading.Event()
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._first: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)

    def begin(self) -> None:
        """Start; from the return on nothing passes it by. Raises AssertionError if the broker can't be reached."""
        self.start()
        assert self._ready.wait(30.0), "the recorder's queue could not be declared within 30 s"

    def halt(self) -> None:
        """Stop."""
        self._halt.set()
        self.join(30.0)

    def run(self) -> None:
        """Record."""
        while not self._halt.is_set():
            try:
                self._record()
            except _BROKEN:
                time.sleep(0.2)  # the broker is away; there is nothing to wait on

    def first_deliveries(self) -> dict[tuple[str, str], list[tuple[int, str]]]:
        """For each aggregate (source, subject) version and event ID, each event once, in order of first arrival."""
        with self._lock:
            return {aggregate: list(events) for aggregate, events in self._first.items()}

    def _record(self) -> None:
        connection = Connection(self._url, heartbeat=30, connect_timeout=5, transport_options=_TIMEOUTS)
        try:
            connection.Consumer(_QUEUE, callbacks=[self._on_message], accept=None, prefetch_count=500).consume()
            self._ready.set()
            while not self._halt.is_set():
                try:
                    connection.drain_events(timeout=0.5)
                except TimeoutError:
                    connection.heartbeat_check()
        finally:
            # Without a farewell: a broker that is gone would not answer it.
            connection.collect()

    def _on_message(self, body: Any, message: Any) -> None:
        event = json.loads(body)
        with self._lock:
            self.deliveries += 1
            if event["id"] not in self._seen:
                self._seen.add(event["id"])
                aggregate = (event["source"], event["subject"])
                self._first[aggregate].append((event["aggregateversion"], event["id"]))
        message.ack()
