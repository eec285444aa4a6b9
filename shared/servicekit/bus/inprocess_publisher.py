"""Publishing on the in-process bus: one row for each queue that takes the type, all in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import psycopg
import structlog

from servicekit.bus import BusUnavailable, Message, Outcome, Topology
from servicekit.bus.inprocess_arrivals import Arrivals
from servicekit.bus.inprocess_link import Connection, Link

# Sorted before the identity is drawn, so that the rows' order is the messages' order.
_INSERT = """
    INSERT INTO bus_delivery (queue, message_id, type, headers, body)
    SELECT queue, message_id, type, headers, body
    FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[])
        WITH ORDINALITY AS given (queue, message_id, type, headers, body, place)
    ORDER BY place
"""

_log = structlog.get_logger(__name__)


class InProcessPublisher:
    """Writes delivery rows."""

    def __init__(self, link: Link, arrivals: Arrivals) -> None:
        self._link = link
        self._arrivals = arrivals

    def publish(self, messages: Sequence[Message], *, timeout: float) -> list[Outcome]:
        """As the port says."""
        if not messages:
            return []
        try:
            with self._link.use(timeout) as connection:
                takers = _takers(connection, {message.type for message in messages})
                rows = [(queue, message) for message in messages for queue in takers[message.type]]
                if rows:
                    _insert(connection, rows)
        except (BusUnavailable, psycopg.Error) as error:
            _log.warning("publishing failed", error=str(error) if isinstance(error, BusUnavailable) else repr(error))
            return [Outcome.UNKNOWN] * len(messages)
        self._arrivals.announce({queue for queue, _message in rows})
        return [Outcome.CONFIRMED if takers[message.type] else Outcome.RETURNED for message in messages]

    def close(self) -> None:
        """Nothing to give back: the connection is the bus's."""


def _takers(connection: Connection, types: set[str]) -> dict[str, list[str]]:
    """The queues of each type, read each time: another process may have declared meanwhile."""
    queues: dict[str, list[str]] = {}
    for queue, pattern in connection.execute("SELECT queue, pattern FROM bus_binding"):
        queues.setdefault(queue, []).append(pattern)
    topology = Topology(exchange="", queues=queues)
    return {type_: topology.queues_for(type_) for type_ in types}


def _insert(connection: Connection, rows: Sequence[tuple[str, Message]]) -> None:
    connection.execute(
        _INSERT,
        (
            [queue for queue, _message in rows],
            [message.id for _queue, message in rows],
            [message.type for _queue, message in rows],
            [orjson.dumps(dict(message.headers)).decode() for _queue, message in rows],
            [message.body for _queue, message in rows],
        ),
    )
