"""The audit log of a publisher: who did or read what, when, and whether it was let in. IDs only, never content.

An entry is written in the transaction of what it tells of: what is rolled back left none. Nobody changes entries; they
are deleted when they have been kept for long enough (``relay.retention``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import CursorResult, Row, select, text
from sqlalchemy.orm import Session

from servicekit.db.database import Database
from servicekit.db.direct import Insert, Statement, execute_directly
from servicekit.db.tables import audit_entry as table
from servicekit.ids import new_id

Outcome = Literal["done", "repeated", "refused"]
"""``repeated``: a request sent again was given its first answer. ``refused``: the caller has not the right (403)."""

AUDIT_KEPT = timedelta(days=400)
"""How long entries are kept unless an operator says otherwise."""
_ID = re.compile(r"[a-z]{2,8}_[0-9a-z]{26}\Z")
_BATCH = 5_000
_insert = Insert(table)
OLD_ENTRIES = text(
    """
    DELETE FROM audit_entry WHERE (publisher_id, id) IN (
        SELECT publisher_id, id FROM audit_entry WHERE at < :before LIMIT :batch
    )
    """
)


class Actor(NamedTuple):
    """Who does it: ``kind`` as a caller has it, and the ID."""

    kind: str
    actor_id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry to be written: ``action`` such as ``ledger.account.read``, and the ID of the thing, if it is one."""

    action: str
    subject: str | None
    request_id: str | None
    outcome: Outcome = "done"


def record(session: Session, entry: Entry, *, publisher_id: str, actor: Actor, now: datetime) -> None:
    """Add an entry about what ``actor`` does in this transaction."""
    execute_directly(session, [recording(entry, publisher_id=publisher_id, actor=actor, now=now)])


def recording(entry: Entry, *, publisher_id: str, actor: Actor, now: datetime) -> Statement:
    """What ``record`` does, as a statement to be sent with others. A subject that has not the form of an ID is left
    out: an address may be anything, a name too."""
    return _insert(
        {
            "id": new_id("aud"),
            "publisher_id": publisher_id,
            "at": now,
            "actor_id": actor.actor_id,
            "actor_kind": actor.kind,
            "action": entry.action,
            "subject": entry.subject if entry.subject and _ID.match(entry.subject) else None,
            "request_id": entry.request_id,
            "outcome": entry.outcome,
        }
    )


def entries(
    session: Session, *, publisher_id: str, subject: str | None = None, before: str | None = None, limit: int = 100
) -> Sequence[Row[Any]]:
    """A publisher's entries, newest first, or those about one thing; ``before``: only older than the one of this ID."""
    statement = select(table).where(table.c.publisher_id == publisher_id).order_by(table.c.id.desc()).limit(limit)
    if subject is not None:
        statement = statement.where(table.c.subject == subject)
    if before is not None:
        statement = statement.where(table.c.id < before)
    return session.execute(statement).all()


def forget_old_entries(database: Database, *, before: datetime, most: int = _BATCH) -> int:
    """Delete at most ``most`` entries older than ``before``, of all publishers; how many. As the role ``system``."""
    with database.transaction() as session:
        deleted = session.execute(OLD_ENTRIES, {"before": before, "batch": most})
        return cast("CursorResult[Any]", deleted).rowcount
