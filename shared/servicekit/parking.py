"""Messages that can't be handled: kept with publisher and person, so that erasure and replay reach them."""

from __future__ import annotations

import traceback
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from servicekit.clock import now
from servicekit.db.tables import parked_message
from servicekit.events import LONGEST_ATTRIBUTE
from servicekit.ids import new_id
from servicekit.screening import screen

NO_EVENT = "not a CloudEvent of ours"
"""Why a message is parked that no version of a handler could read."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked message, without its content."""

    id: str
    consumer: str
    publisher_id: str | None
    event_id: str | None
    type: str | None
    subject: str | None
    reason: str
    parked_at: datetime


def park(session: Session, *, consumer: str, body: bytes, reason: str, tells_of_erasure: bool = False) -> str | None:
    """Keep a message that can't be handled; the row's id. ``session`` is one of the role ``system``.

    Publisher, person and the rest are read from ``body`` as far as it can be read. None, and nothing is kept, if
    the person has been erased meanwhile, unless the message itself ``tells_of_erasure``: that one has to be replayed.
    """
    row = {name: _attribute(body, source) for name, source in _ATTRIBUTES.items()}
    publisher_id, people = row["publisher_id"], {row["datasubject"], row["subject"]} - {None}
    if publisher_id is not None and people and not tells_of_erasure:
        # Holds an erasure off until the commit: it then finds this row, or this finds the erasure.
        seen = screen(session, publisher_id, {person for person in people if person is not None})
        if any(seen.is_erased(person) for person in people):
            return None
    row_id = new_id("prk")
    session.execute(
        insert(parked_message).values(id=row_id, consumer=consumer, body=body, reason=reason, parked_at=now(), **row)
    )
    return row_id


def list_parked(
    session: Session, consumer: str | None = None, *, ids: Collection[str] | None = None, limit: int = 100
) -> list[Parked]:
    """What is parked, the oldest first; of all consumers unless one is named, and of ``ids`` if they are given."""
    query = select(*[parked_message.c[name] for name in Parked.__slots__]).order_by(
        parked_message.c.parked_at, parked_message.c.id
    )
    if consumer is not None:
        query = query.where(parked_message.c.consumer == consumer)
    if ids is not None:
        query = query.where(parked_message.c.id.in_(ids))
    return [Parked(*row) for row in session.execute(query.limit(limit))]


def count_parked(session: Session) -> dict[str, int]:
    """How many messages each consumer has parked."""
    rows = session.execute(select(parked_message.c.consumer, func.count()).group_by(parked_message.c.consumer))
    return dict(rows.tuples().all())


def forget_parked(session: Session, *, publisher_id: str, datasubject: str, keep: Collection[str] = ()) -> int:
    """Delete what is parked of a person who is being erased; how many messages.

    Those of the types in ``keep`` stay: they tell of another part of the erasure, which is still to be done.
    """
    gone = session.execute(
        delete(parked_message)
        .where(
            parked_message.c.publisher_id == publisher_id,
            (parked_message.c.datasubject == datasubject) | (parked_message.c.subject == datasubject),
            parked_message.c.type.is_(None) | parked_message.c.type.not_in(keep),
        )
        .returning(parked_message.c.id)
    )
    return len(gone.all())


def drop_parked(session: Session, *, consumer: str, ids: Collection[str]) -> list[str]:
    """Delete parked messages unhandled, for good: which of ``ids`` there were. ``session`` is one of ``system``."""
    gone = delete(parked_message).where(parked_message.c.consumer == consumer, parked_message.c.id.in_(ids))
    return sorted(session.scalars(gone.returning(parked_message.c.id)))


def describe(error: BaseException) -> str:
    """What went wrong and where, without the values, which may be personal."""
    words = [type(error).__name__]
    cause = getattr(error, "orig", None)
    if cause is not None:
        words += [type(cause).__name__, str(getattr(cause, "sqlstate", "") or "")]
        diagnosis = getattr(cause, "diag", None)
        words += [str(getattr(diagnosis, name, None) or "") for name in ("table_name", "constraint_name")]
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    if own:
        words.append(f"in {own[-1].name} ({own[-1].filename.rpartition('/')[2]}:{own[-1].lineno})")
    return " ".join(word for word in words if word)


_ATTRIBUTES = {
    "publisher_id": "publisherid",
    "event_id": "id",
    "type": "type",
    "subject": "subject",
    "datasubject": "datasubject",
}


def _attribute(body: bytes, name: str) -> str | None:
    try:
        envelope: Any = orjson.loads(body)
    except ValueError:
        return None
    value = envelope.get(name) if isinstance(envelope, dict) else None
    usable = isinstance(value, str) and "\0" not in value and len(value) <= LONGEST_ATTRIBUTE
    return value if usable else None
