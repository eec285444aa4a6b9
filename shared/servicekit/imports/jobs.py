"""The life of an import: made, received, waiting, running, ended; who works on it, and what is swept up after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson
from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.ids import new_id
from servicekit.imports.errors import ImportEnded, ImportNotFound, TooManyImports
from servicekit.imports.tables import OPEN, ImportJob, ImportTables
from servicekit.web.cursors import decode_cursor, encode_cursor

MOST_OPEN = 50
LEASE_SECONDS = 15
"""How long an importer that was killed keeps others from going on with what it worked on."""

ABANDONED = timedelta(days=3)
"""How long a file whose sending stopped half-way is waited for."""

REJECTS_KEPT = timedelta(days=30)
"""How long rejected rows can be fetched after the import has ended."""

_LONG_AGO = datetime.fromtimestamp(0, UTC)
_COUNTED = ("_rows", "_bytes", "_chunks", "_records")
_SWEPT_AT_ONCE = 200
_CLAIM = """
    UPDATE {jobs}
    SET status = 'running', started_at = coalesce(started_at, now()), lease_owner = :worker, fence = fence + 1,
        lease_until = now() + make_interval(secs => :seconds)
    WHERE id = (
        SELECT id FROM {jobs} AS mine
        WHERE status IN ('waiting', 'running') AND (lease_until <= now() OR lease_owner = :worker)
        AND NOT EXISTS (
            SELECT FROM {jobs} AS other
            WHERE other.publisher_id = mine.publisher_id AND other.status IN ('waiting', 'running')
            AND (other.received_at, other.id) < (mine.received_at, mine.id)
        )
        ORDER BY lease_until, received_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, publisher_id, fence
"""
_RELEASE = "UPDATE {jobs} SET lease_until = now(), lease_owner = NULL WHERE id = :id AND fence = :fence"
_POSTPONE = """
    UPDATE {jobs} SET lease_until = now() + make_interval(secs => :seconds), lease_owner = NULL,
        awaits = CAST(:awaits AS jsonb)
    WHERE id = :id AND fence = :fence AND status = 'running'
"""
_ABANDON = """
    UPDATE {jobs} SET status = 'canceled', ended_at = :now, problem = CAST(:problem AS jsonb)
    WHERE status = 'receiving' AND received_at < :before
"""
_NEVER_CAME = '{"code": "upload_abandoned", "detail": "The rest of the file never came."}'
_SWEEP = (
    """
    DELETE FROM {chunks} WHERE (import_id, number) IN (
        SELECT import_id, number FROM {chunks} WHERE import_id IN (
            SELECT id FROM {jobs} WHERE status NOT IN ('receiving', 'waiting', 'running')
        ) LIMIT :batch)
    """,
    """
    DELETE FROM {identities} WHERE (import_id, identity) IN (
        SELECT import_id, identity FROM {identities} WHERE import_id IN (
            SELECT id FROM {jobs} WHERE status NOT IN ('receiving', 'waiting', 'running')
        ) LIMIT 50 * :batch)
    """,
    """
    DELETE FROM {rejects} WHERE (import_id, row_number) IN (
        SELECT import_id, row_number FROM {rejects} WHERE import_id IN (
            SELECT id FROM {jobs} WHERE status NOT IN ('receiving', 'waiting', 'running') AND ended_at < :expired
        ) LIMIT 50 * :batch)
    """,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One importer's right to work on an import, until another one's fence is higher."""

    import_id: str
    publisher_id: str
    fence: int


def make_import(
    session: Session,
    tables: ImportTables,
    *,
    publisher_id: str,
    kind: str,
    editor: Caller,
    name: str | None,
    dry_run: bool,
    now: datetime,
    more: Mapping[str, Any],
) -> ImportJob:
    """A new import that receives its file. Without a name it is named for itself. Raises TooManyImports."""
    # Two at once may both be the last: one more than the most does no harm.
    jobs = tables.jobs
    count = select(func.count()).where(jobs.publisher_id == publisher_id, jobs.status.in_(OPEN))
    if session.execute(count).scalar_one() >= MOST_OPEN:
        raise TooManyImports(MOST_OPEN)
    import_id = new_id("imp")
    counters = (column.name for column in jobs.__table__.columns if column.name.endswith(_COUNTED))
    job = jobs(
        id=import_id,
        publisher_id=publisher_id,
        kind=kind,
        name=name or import_id,
        dry_run=dry_run,
        status="receiving",
        editor_id=editor.actor_id,
        editor_name=editor.name,
        editor_kind=editor.kind,
        created_at=now,
        received_at=now,
        lease_until=_LONG_AGO,
        fence=0,
        **{**dict.fromkeys(counters, 0), **more},
    )
    session.add(job)
    session.flush()
    return job


def find_import(
    session: Session, tables: ImportTables, publisher_id: str, import_id: str, *, lock: bool = False
) -> ImportJob:
    """An import as it is now; with ``lock`` nobody else changes it until the commit. Raises ImportNotFound."""
    jobs = tables.jobs
    statement = select(jobs).where(jobs.id == import_id, jobs.publisher_id == publisher_id)
    statement = statement.with_for_update() if lock else statement
    job = session.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()
    if job is None:
        raise ImportNotFound
    return job


def list_imports(
    session: Session,
    tables: ImportTables,
    *,
    publisher_id: str,
    limit: int,
    cursor: str | None = None,
    name: str | None = None,
    kind: str | None = None,
) -> tuple[Sequence[Any], str | None]:
    """Some imports, newest first, and the cursor of those after them. Raises InvalidCursor."""
    columns = tables.jobs.__table__.columns
    statement = select(*columns).where(columns.publisher_id == publisher_id).order_by(columns.id.desc())
    for column, wanted in ((columns.name, name), (columns.kind, kind)):
        statement = statement if wanted is None else statement.where(column == wanted)
    if cursor is not None:
        (after,) = decode_cursor("imports", cursor, str)
        statement = statement.where(columns.id < after)
    rows = session.execute(statement.limit(limit + 1)).all()
    more = len(rows) > limit
    return rows[:limit], encode_cursor("imports", rows[limit - 1].id) if more else None


def cancel_import(
    session: Session, tables: ImportTables, *, publisher_id: str, import_id: str, now: datetime
) -> ImportJob:
    """End an import; the rows that went in stay. Doing it again changes nothing. Raises ImportNotFound, ImportEnded."""
    job = find_import(session, tables, publisher_id, import_id, lock=True)
    if job.status not in (*OPEN, "canceled"):
        raise ImportEnded(job.status)
    if job.status != "canceled":
        job.status, job.ended_at = "canceled", now
        session.flush()
    return job


def claim_import(session: Session, tables: ImportTables, worker: str) -> Claim | None:
    """The right to work on the import that waits the longest, if one does. A publisher's are worked in their order.

    ``session`` is of the role ``system``, like those of all below.
    """
    row = session.execute(tables.sql(_CLAIM), {"worker": worker, "seconds": LEASE_SECONDS}).one_or_none()
    return None if row is None else Claim(row.id, row.publisher_id, row.fence)


def release_import(session: Session, tables: ImportTables, claim: Claim) -> None:
    """Let others go on with it at once."""
    session.execute(tables.sql(_RELEASE), {"id": claim.import_id, "fence": claim.fence})


def postpone_import(
    session: Session, tables: ImportTables, claim: Claim, *, seconds: float, awaits: Mapping[str, str]
) -> None:
    """Let nobody go on with it for a while: it ``awaits`` what it can't go on without."""
    kept = {"id": claim.import_id, "fence": claim.fence, "seconds": seconds, "awaits": orjson.dumps(awaits).decode()}
    session.execute(tables.sql(_POSTPONE), kept)


def fail_import(session: Session, tables: ImportTables, claim: Claim, *, code: str, detail: str, now: datetime) -> None:
    """It can't go on, through no fault of the file's."""
    jobs = tables.jobs
    session.execute(
        update(jobs)
        .where(jobs.id == claim.import_id, jobs.fence == claim.fence, jobs.status == "running")
        .values(status="failed", ended_at=now, problem={"code": code, "detail": detail})
    )


def editor_of(job: ImportJob) -> Caller:
    """Whoever asked for the import, as histories name them."""
    return Caller(
        kind=cast("Any", job.editor_kind),
        actor_id=job.editor_id,
        name=job.editor_name,
        publisher_id=job.publisher_id,
        role=None,
        scopes=frozenset(),
    )


def sweep(session: Session, tables: ImportTables, *, now: datetime) -> int:
    """Delete some of what ended imports have left, and rejected rows that are too old; how many rows went."""
    session.execute(tables.sql(_ABANDON), {"now": now, "before": now - ABANDONED, "problem": _NEVER_CAME})
    parameters = {"batch": _SWEPT_AT_ONCE, "expired": now - REJECTS_KEPT}
    results = [session.execute(tables.sql(statement), parameters) for statement in _SWEEP]
    return sum(cast("CursorResult[Any]", result).rowcount for result in results)
