"""The life of an import: made, received, waiting, running, ended; who works on it, and what is swept up after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, text, update
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.ids import new_id
from services.customers.errors import ImportEnded, ImportNotFound, TooManyImports
from services.customers.imports.models import OPEN, Import

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
_CLAIM = text(
    """
    UPDATE customer_import
    SET status = 'running', started_at = coalesce(started_at, now()), lease_owner = :worker, fence = fence + 1,
        lease_until = now() + make_interval(secs => :seconds)
    WHERE id = (
        SELECT id FROM customer_import AS mine
        WHERE status IN ('waiting', 'running') AND (lease_until <= now() OR lease_owner = :worker)
        AND NOT EXISTS (
            SELECT FROM customer_import AS other
            WHERE other.publisher_id = mine.publisher_id AND other.status IN ('waiting', 'running')
            AND (other.received_at, other.id) < (mine.received_at, mine.id)
        )
        ORDER BY lease_until, received_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, publisher_id, fence
    """
)
_RELEASE = text("UPDATE customer_import SET lease_until = now(), lease_owner = NULL WHERE id = :id AND fence = :fence")
_ABANDON = text(
    """
    UPDATE customer_import SET status = 'canceled', ended_at = :now,
        problem = '{"code": "upload_abandoned", "detail": "The rest of the file never came."}'
    WHERE status = 'receiving' AND received_at < :before
    """
)
_ENDED = "SELECT id FROM customer_import WHERE status NOT IN ('receiving', 'waiting', 'running')"
_SWEEP = (
    text(
        f"""
        DELETE FROM customer_import_chunk WHERE (import_id, number) IN (
            SELECT import_id, number FROM customer_import_chunk WHERE import_id IN ({_ENDED}) LIMIT :batch)
        """  # noqa: S608
    ),
    text(
        f"""
        DELETE FROM customer_import_identity WHERE (import_id, identity) IN (
            SELECT import_id, identity FROM customer_import_identity WHERE import_id IN ({_ENDED}) LIMIT 50 * :batch)
        """  # noqa: S608
    ),
    text(
        f"""
        DELETE FROM customer_import_reject WHERE (import_id, row_number) IN (
            SELECT import_id, row_number FROM customer_import_reject
            WHERE import_id IN ({_ENDED} AND ended_at < :expired) LIMIT 50 * :batch)
        """  # noqa: S608
    ),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One importer's right to work on an import, until another one's fence is higher."""

    import_id: str
    publisher_id: str
    fence: int


def make_import(
    session: Session,
    *,
    publisher_id: str,
    editor: Caller,
    name: str | None,
    dry_run: bool,
    now: datetime,
    more: Mapping[str, Any],
) -> Import:
    """A new import that receives its file. Without a name it is named for itself. Raises TooManyImports."""
    # Two at once may both be the last: one more than the most does no harm.
    count = select(func.count()).where(Import.publisher_id == publisher_id, Import.status.in_(OPEN))
    if session.execute(count).scalar_one() >= MOST_OPEN:
        raise TooManyImports(MOST_OPEN)
    import_id = new_id("imp")
    counters = (column.name for column in Import.__table__.columns if column.name.endswith(_COUNTED))
    job = Import(
        id=import_id,
        publisher_id=publisher_id,
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


def find_import(session: Session, publisher_id: str, import_id: str, *, lock: bool = False) -> Import:
    """An import as it is now; with ``lock`` nobody else changes it until the commit. Raises ImportNotFound."""
    statement = select(Import).where(Import.id == import_id, Import.publisher_id == publisher_id)
    statement = statement.with_for_update() if lock else statement
    job = session.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()
    if job is None:
        raise ImportNotFound
    return job


def cancel_import(session: Session, *, publisher_id: str, import_id: str, now: datetime) -> Import:
    """End an import; the rows that went in stay. Doing it again changes nothing. Raises ImportNotFound, ImportEnded."""
    job = find_import(session, publisher_id, import_id, lock=True)
    if job.status not in (*OPEN, "canceled"):
        raise ImportEnded(job.status)
    if job.status != "canceled":
        job.status, job.ended_at = "canceled", now
        session.flush()
    return job


def claim_import(session: Session, worker: str) -> Claim | None:
    """The right to work on the import that waits the longest, if one does. A publisher's are worked in their order.

    ``session`` is of the role ``system``, like those of all below.
    """
    row = session.execute(_CLAIM, {"worker": worker, "seconds": LEASE_SECONDS}).one_or_none()
    return None if row is None else Claim(row.id, row.publisher_id, row.fence)


def release_import(session: Session, claim: Claim) -> None:
    """Let others go on with it at once."""
    session.execute(_RELEASE, {"id": claim.import_id, "fence": claim.fence})


def fail_import(session: Session, claim: Claim, *, code: str, detail: str, now: datetime) -> None:
    """It can't go on, through no fault of the file's."""
    session.execute(
        update(Import)
        .where(Import.id == claim.import_id, Import.fence == claim.fence, Import.status == "running")
        .values(status="failed", ended_at=now, problem={"code": code, "detail": detail})
    )


def sweep(session: Session, *, now: datetime) -> int:
    """Delete some of what ended imports have left, and rejected rows that are too old; how many rows went."""
    session.execute(_ABANDON, {"now": now, "before": now - ABANDONED})
    parameters = {"batch": _SWEPT_AT_ONCE, "expired": now - REJECTS_KEPT}
    return sum(cast("CursorResult[Any]", session.execute(statement, parameters)).rowcount for statement in _SWEEP)
