"""Publishing: an event is written in the transaction of the change it tells of, and the relay takes it from there."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import null, select, text, update
from sqlalchemy.orm import Session

from servicekit.db.ddl import SHARDS
from servicekit.db.direct import Insert, Statement, execute_directly
from servicekit.db.tables import event_log, outbox
from servicekit.events import Event, EventType
from servicekit.tracing import current_traceparent

_insert = Insert(outbox)
_COLUMNS = {
    "shard": "smallint", "publisher_id": "text", "event_id": "text", "type": "text", "subject": "text",
    "aggregate_version": "bigint", "datasubject": "text", "time": "timestamptz", "payload": "text",
}  # fmt: skip
# As one JSON text: arrays would be escaped element by element in Python.
_INSERT_ALL = text(
    f"""
    INSERT INTO outbox ({", ".join(_COLUMNS)})
    SELECT {", ".join(_COLUMNS)}
    FROM ROWS FROM (json_to_recordset(:rows) AS ({", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())}))
        WITH ORDINALITY AS given ({", ".join(_COLUMNS)}, place)
    ORDER BY place
    """  # noqa: S608
)


def shard_of(subject: str) -> int:
    """The shard of an aggregate: the same for ever, so that one relay at a time sends an aggregate's events."""
    return zlib.crc32(subject.encode()) % SHARDS


def publish(session: Session, event: Event) -> None:
    """Add ``event`` to the outbox. It leaves if and only if the transaction commits.

    The caller holds the lock on the aggregate's row, which is what keeps an aggregate's events in order.
    """
    execute_directly(session, [publication(event)])


def publication(event: Event) -> Statement:
    """What ``publish`` does, as a statement to be sent with others."""
    return _insert(_row(event, current_traceparent()))


def publish_all(session: Session, events: Sequence[Event]) -> None:
    """Add many events at once, in this order; otherwise as ``publish``."""
    if not events:
        return
    traceparent = current_traceparent()
    rows = [_row(event, traceparent) for event in events]
    session.execute(_INSERT_ALL, {"rows": orjson.dumps(rows).decode()})


def _row(event: Event, traceparent: str | None) -> dict[str, Any]:
    if event.traceparent is None and traceparent is not None:
        event = replace(event, traceparent=traceparent)
    return {
        "shard": shard_of(event.subject),
        "publisher_id": event.publisher_id,
        "event_id": event.id,
        "type": event.type,
        "subject": event.subject,
        "aggregate_version": event.aggregate_version,
        "datasubject": event.datasubject,
        "time": event.time,
        "payload": event.to_json().decode(),
    }


def forget_events(session: Session, *, publisher_id: str, datasubject: str, types: Mapping[str, EventType]) -> None:
    """Take a person's data out of what has been or will be published.

    Events not yet sent keep all that is not personal (``types`` says what is); those in the log lose their payload.
    Call it before the event that tells of the erasure is published.
    """
    # The outbox first: an event that moves to the log meanwhile is then seen by the second statement.
    waiting = session.execute(
        select(outbox.c.seq, outbox.c.payload)
        .where(outbox.c.publisher_id == publisher_id, outbox.c.datasubject == datasubject)
        .with_for_update()
    ).all()
    for seq, payload in waiting:
        event = Event.from_json(payload)
        blanked = replace(event, data=types[event.type].without_personal(event.data))
        session.execute(update(outbox).where(outbox.c.seq == seq).values(payload=blanked.to_json().decode()))
    session.execute(
        update(event_log)
        .where(event_log.c.publisher_id == publisher_id, event_log.c.datasubject == datasubject)
        .values(payload=null())
    )
