"""The bus of the embedded mode: durable delivery rows in a small PostgreSQL database of its own.

The same promises as the queue of the real mode, for the same relay and the same workers: at least once, a message
is gone only when acknowledged, first deliveries in order. No transaction is open while a handler works.
"""

from __future__ import annotations

from servicekit.bus import BusUnavailable, Consumer, Publisher, Topology
from servicekit.bus.inprocess_arrivals import Arrivals
from servicekit.bus.inprocess_consumer import InProcessConsumer, Turns
from servicekit.bus.inprocess_link import Link
from servicekit.bus.inprocess_publisher import InProcessPublisher

ANSWER_TIMEOUT = 10.0

DDL = (
    "CREATE TABLE IF NOT EXISTS bus_binding (queue text, pattern text, PRIMARY KEY (queue, pattern))",
    # Whatever was given out up to `delivered` may have been handled before: its next delivery is a repeated one.
    """CREATE TABLE IF NOT EXISTS bus_queue (
        queue text PRIMARY KEY, number int GENERATED ALWAYS AS IDENTITY, delivered bigint NOT NULL DEFAULT 0)""",
    """CREATE TABLE IF NOT EXISTS bus_delivery (
        id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY, queue text NOT NULL, message_id text NOT NULL,
        type text NOT NULL, headers text NOT NULL, body bytea NOT NULL)
        WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)""",
    "CREATE INDEX IF NOT EXISTS bus_delivery_by_queue ON bus_delivery (queue, id)",
)


class InProcessBus:
    """A bus on the database at ``url``, whose tables it creates. Safe for several threads.

    Consumers in this process wake up at once, those of another process within a quarter of a second. One
    consumer of a queue is served at a time, the next one when it has closed or its process is gone.
    """

    def __init__(self, url: str) -> None:
        self._publishing = Link(url, "bus: publishing")
        # An acknowledgement lost in a crash of the server means one more delivery, so it need not wait for the disk.
        self._consuming = Link(url, "bus: consuming", options="-c synchronous_commit=off")
        self._arrivals = Arrivals()
        self._turns = Turns()

    def declare(self, topology: Topology) -> None:
        """Create tables, queues and bindings; bindings that the topology no longer has go. Raises BusUnavailable."""
        with self._publishing.use(ANSWER_TIMEOUT) as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(7420010)")
            for statement in DDL:
                connection.execute(statement)
            connection.execute("DELETE FROM bus_binding")
            with connection.cursor() as cursor:
                for queue, patterns in topology.queues.items():
                    cursor.execute("INSERT INTO bus_queue (queue) VALUES (%s) ON CONFLICT DO NOTHING", (queue,))
                    cursor.executemany(
                        "INSERT INTO bus_binding (queue, pattern) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                        [(queue, pattern) for pattern in patterns],
                    )

    def publisher(self) -> Publisher:
        """As the port says. All publishers share one connection."""
        return InProcessPublisher(self._publishing, self._arrivals)

    def consumer(self, queue: str, *, prefetch: int = 200) -> Consumer:
        """As the port says. All consumers share one connection."""
        return InProcessConsumer(self._consuming, self._arrivals, self._turns, queue, prefetch)

    def depth(self, queue: str) -> int:
        """How many messages wait in the queue or are in a consumer's hands. Raises BusUnavailable."""
        with self._publishing.use(ANSWER_TIMEOUT) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM bus_delivery WHERE queue = q.queue) FROM bus_queue AS q WHERE queue = %s",
                (queue,),
            ).fetchone()
        if row is None:
            raise BusUnavailable(f"the queue {queue} is not declared")
        return int(row[0])

    def close(self) -> None:
        """Close the connections; consumers then get what they hold again."""
        self._publishing.close()
        self._consuming.close()
