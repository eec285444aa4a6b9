"""One batch of an import's rows in one transaction, with its position: all of it happens, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from servicekit.db.database import Database, is_transient
from servicekit.faults import reach
from services.customers.imports.chunks import unpack
from services.customers.imports.jobs import LEASE_SECONDS, Claim, find_import
from services.customers.imports.layout import Layout
from services.customers.imports.models import Chunk, Import
from services.customers.imports.planning import Plan, Planner, Rejection, identity_hash, name_rows
from services.customers.imports.records import Record
from services.customers.imports.rows import Fault, Row, RowReader
from services.customers.imports.standing import read_world
from services.customers.imports.writing import carry_out, keep_rows

Contents = Mapping[int, object]
"""Records by their numbers."""

_ATTEMPTS = 5
_CANNOT_BE_STORED = "This row can't be stored, through a defect on our side. The others are not affected."
_log = structlog.get_logger("importer")


class Overtaken(Exception):
    """Somebody else works on this import now, or it was canceled."""


def work_batch(database: Database, claim: Claim, *, now: Callable[[], datetime]) -> Plan | None:
    """Work on the next chunk; what became of its rows, or None if there was none left and the import is finished.

    ``database`` is of the role ``app``. Raises Overtaken; DBAPIError while the database is in trouble.
    """
    with database.transaction(claim.publisher_id) as session:
        job = _mine(session, claim)
        chunk = session.get(Chunk, (job.id, job.worked_chunks))
        if chunk is None:
            job.status, job.ended_at = "finished", now()
            session.flush()
            return None
    records = unpack(chunk.content)
    for _attempt in range(_ATTEMPTS):
        try:
            return _attempt_all(database, claim, job, records, one_by_one=False, now=now())
        except IntegrityError:
            continue  # somebody took an address or an external ID since it was looked at: decide anew
        except Exception as error:
            if isinstance(error, Overtaken) or is_transient(error):
                raise
            _log.error("batch failed, trying row by row", import_id=job.id, error=type(error).__name__)
            break
    return _attempt_all(database, claim, job, records, one_by_one=True, now=now())


def _attempt_all(
    database: Database, claim: Claim, seen: Import, records: Sequence[Record], *, one_by_one: bool, now: datetime
) -> Plan:
    reader = RowReader(Layout.from_json(seen.layout))
    rows = [reader.read(record) for record in records]
    name_rows(rows, seen.name)
    contents = {record.number: record.content for record in records}
    with database.transaction(claim.publisher_id) as session:
        job = _mine(session, claim)
        if job.worked_chunks != seen.worked_chunks:
            raise Overtaken
        if one_by_one:
            plan = Plan()
            for row in rows:
                plan.add(_alone(session, job, row, contents, now))
        else:
            plan = _together(session, job, rows, contents, now)
        reach("importer:written")
        _advance(session, job, plan)
    reach("importer:committed")
    return plan


def _together(
    session: Session, job: Import, rows: Sequence[Row], contents: Mapping[int, object], now: datetime
) -> Plan:
    identities = {identity_hash(job.id, text) for row in rows for _, text in row.identities()}
    world = read_world(session, job, rows, identities, lock=not job.dry_run)
    plan = Planner(job, world, now=now).decide(rows)
    keep_rows(session, job, plan, contents)
    if not job.dry_run:
        carry_out(session, job, plan, now=now)
    return plan


def _alone(session: Session, job: Import, row: Row, contents: Contents, now: datetime) -> Plan:
    """A row by itself, whose failure is its own."""
    try:
        with session.begin_nested():
            return _together(session, job, [row], contents, now)
    except Exception as error:
        if is_transient(error):
            raise
        _log.error("row failed", import_id=job.id, row=row.number, error=type(error).__name__)
    plan = Plan(rejected=[Rejection(row.number, [*row.faults, Fault("", _CANNOT_BE_STORED)])])
    keep_rows(session, job, plan, contents)
    return plan


def _mine(session: Session, claim: Claim) -> Import:
    """The import, locked: whoever cancels it or erases a person waits for this batch. Raises Overtaken."""
    job = find_import(session, claim.publisher_id, claim.import_id, lock=True)
    if job.fence != claim.fence or job.status != "running":
        raise Overtaken
    return job


def _advance(session: Session, job: Import, plan: Plan) -> None:
    session.execute(delete(Chunk).where(Chunk.import_id == job.id, Chunk.number == job.worked_chunks))
    session.execute(
        update(Import)
        .where(Import.id == job.id)
        .values(
            worked_chunks=Import.worked_chunks + 1,
            created_rows=Import.created_rows + len(plan.created),
            updated_rows=Import.updated_rows + len(plan.updated),
            unchanged_rows=Import.unchanged_rows + plan.unchanged,
            rejected_rows=Import.rejected_rows + len(plan.rejected),
            lease_until=func.clock_timestamp() + timedelta(seconds=LEASE_SECONDS),
        )
        .execution_options(synchronize_session=False)
    )
