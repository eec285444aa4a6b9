"""Events of a shop, and what became of them: for tests of the relay."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from marshmallow import Schema, fields
from sqlalchemy import select

from servicekit.bus import Topology
from servicekit.db.database import Database
from servicekit.db.tables import event_log, outbox
from servicekit.events import Event, EventType
from servicekit.ids import new_id
from servicekit.outbox import publish
from servicekit.relay import Relay
from servicekit.testing.queues import ScriptedPublisher

TOPOLOGY = Topology(exchange="test", queues={"everything": ["shop.#"]})


class _Order(Schema):
    number = fields.Integer()
    name = fields.String(allow_none=True, metadata={"personal": True})


PLACED = EventType("shop.order.placed.v1", _Order, "An order was placed.")


WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(subject: str = "ord_1", version: int = 1, *, type_: str = "shop.order.placed.v1", **more: object) -> Event:
    values: dict[str, object] = {"publisher_id": "pub_1", "data": {"number": version}, **more}
    return Event(
        id=new_id("evt"),
        type=type_,
        source="shop",
        subject=subject,
        time=WHEN,
        aggregate_version=version,
        **values,  # type: ignore[arg-type]
    )


def write(app: Database, *events: Event) -> list[str]:
    for one in events:
        with app.transaction(one.publisher_id) as session:
            publish(session, one)
    return [one.id for one in events]


def write_many(app: Database, events: Sequence[Event]) -> None:
    """Write events of one publisher in one transaction."""
    with app.transaction(events[0].publisher_id) as session:
        for one in events:
            publish(session, one)


def relay(system: Database, queue: ScriptedPublisher, name: str = "one", **options: object) -> Relay:
    return Relay(system, queue, TOPOLOGY, worker_id=name, **options)  # type: ignore[arg-type]


def logged(system: Database) -> list[tuple[str, str | None]]:
    with system.transaction() as session:
        rows = session.execute(select(event_log.c.event_id, event_log.c.payload).order_by(event_log.c.arrival))
        return [(row.event_id, row.payload) for row in rows]


def waiting(system: Database) -> list[str]:
    with system.transaction() as session:
        return list(session.scalars(select(outbox.c.event_id).order_by(outbox.c.seq)))


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)
