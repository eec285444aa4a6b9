"""One batch of an import's rows in one transaction, with its position: all of it happens, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from servicekit.db.database import Database, is_transient
from servicekit.faults import reach
from servicekit.imports.chunks import unpack
from servicekit.imports.jobs import LEASE_SECONDS, Claim, find_import
from servicekit.imports.keeping import Rejection, keep_rejections
from servicekit.imports.kinds import Contents, Imports, Kind, NotYet, Tally
from servicekit.imports.records import Record
from servicekit.imports.rows import Fault
from servicekit.imports.tables import ImportJob, ImportTables

_ATTEMPTS = 5
_CANNOT_BE_STORED = "This row can't be stored, through a defect on our side. The others are not affected."
_log = structlog.get_logger("importer")


class Overtaken(Exception):
    """Somebody else works on this import now, or it was canceled."""


def work_batch(database: Database, imports: Imports, claim: Claim, *, now: Callable[[], datetime]) -> Tally | None:
    """Work on the next chunk; what became of its rows, or None if there was none left and the import is finished.

    ``database`` is of the role ``app``. Raises Overtaken, NotYet; DBAPIError while the database is in trouble.
    """
    tables = imports.tables
    with database.transaction(claim.publisher_id) as session:
        job = _mine(session, tables, claim)
        chunk = session.get(tables.chunks, (job.id, job.worked_chunks))
        if chunk is None:
            job.status, job.ended_at = "finished", now()
            session.flush()
            return None
    records = unpack(chunk.content)
    for _attempt in range(_ATTEMPTS):
        try:
            return _attempt_all(database, imports, claim, job, records, one_by_one=False, now=now())
        except IntegrityError:
            continue  # somebody took what is unique since it was looked at: decide anew
        except Exception as error:
            if isinstance(error, (Overtaken, NotYet)) or is_transient(error):
                raise
            _log.error("batch failed, trying row by row", import_id=job.id, error=type(error).__name__)
            break
    return _attempt_all(database, imports, claim, job, records, one_by_one=True, now=now())


def _attempt_all(
    database: Database,
    imports: Imports,
    claim: Claim,
    seen: ImportJob,
    records: Sequence[Record],
    *,
    one_by_one: bool,
    now: datetime,
) -> Tally:
    kind = imports.kinds[seen.kind]
    rows = kind.read(seen, records)
    contents = {record.number: record.content for record in records}
    with database.transaction(claim.publisher_id) as session:
        job = _mine(session, imports.tables, claim)
        if job.worked_chunks != seen.worked_chunks:
            raise Overtaken
        if one_by_one:
            done = Tally()
            for row in rows:
                done += _alone(session, imports.tables, kind, job, row, contents, now)
        else:
            done = kind.work(session, job, rows, contents, now)
        reach("importer:written")
        _advance(session, imports.tables, job, done)
    reach("importer:committed")
    return done


def _alone(
    session: Session, tables: ImportTables, kind: Kind, job: ImportJob, row: Any, contents: Contents, now: datetime
) -> Tally:
    """A row by itself, whose failure is its own."""
    try:
        with session.begin_nested():
            return kind.work(session, job, [row], contents, now)
    except Exception as error:
        if isinstance(error, NotYet) or is_transient(error):
            raise
        _log.error("row failed", import_id=job.id, row=row.number, error=type(error).__name__)
    rejection = Rejection(row.number, [*row.faults, Fault("", _CANNOT_BE_STORED)])
    keep_rejections(session, tables, job, [rejection], contents)
    return Tally(rejected=1)


def _mine(session: Session, tables: ImportTables, claim: Claim) -> ImportJob:
    """The import, locked: whoever cancels it or erases a person waits for this batch. Raises Overtaken."""
    job = find_import(session, tables, claim.publisher_id, claim.import_id, lock=True)
    if job.fence != claim.fence or job.status != "running":
        raise Overtaken
    return job


def _advance(session: Session, tables: ImportTables, job: ImportJob, done: Tally) -> None:
    jobs, chunks = tables.jobs, tables.chunks
    session.execute(delete(chunks).where(chunks.import_id == job.id, chunks.number == job.worked_chunks))
    session.execute(
        update(jobs)
        .where(jobs.id == job.id)
        .values(
            worked_chunks=jobs.worked_chunks + 1,
            created_rows=jobs.created_rows + done.created,
            updated_rows=jobs.updated_rows + done.updated,
            unchanged_rows=jobs.unchanged_rows + done.unchanged,
            rejected_rows=jobs.rejected_rows + done.rejected,
            lease_until=func.clock_timestamp() + timedelta(seconds=LEASE_SECONDS),
        )
        .execution_options(synchronize_session=False)
    )
