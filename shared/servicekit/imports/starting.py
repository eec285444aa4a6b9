"""Beginning an import with its file, or with the file's first part; a broken sending goes on where it broke."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from servicekit.auth.caller import Caller
from servicekit.errors import Problem
from servicekit.imports.errors import ImportRequestDiffers
from servicekit.imports.jobs import find_import, make_import
from servicekit.imports.kinds import Imports
from servicekit.imports.receiving import Asked, Transaction, kept, skipped, take_in, understand
from servicekit.imports.tables import ImportJob, ImportTables


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asked for, of which kind.

    ``key`` and ``fingerprint`` tell a repeated request: the one is the caller's, the other is of what was asked.
    """

    publisher_id: str
    kind: str
    editor: Caller
    name: str | None
    digest: str | None
    dry_run: bool
    asked: Asked
    key: str | None
    fingerprint: str


def start_import(
    transaction: Transaction,
    imports: Imports,
    request: Request,
    blocks: Iterator[bytes],
    *,
    whole: bool,
    now: Callable[[], datetime],
) -> tuple[ImportJob, bool]:
    """A new import of the file that begins with ``blocks``; ``whole`` if they are all of it.

    The same request again finds the first one's import (then true is the second answer), and goes on with its content
    if that was broken off. Raises UnreadableFile, UnknownColumns, InvalidMapping, ImportRequestDiffers, TooManyImports.
    """
    tables = imports.tables
    known = _known(transaction, tables, request)
    if known is None:
        understood, blocks = understand(blocks, request.asked, imports.kinds[request.kind].vocabulary, whole=whole)
        try:
            with transaction() as session:
                job = make_import(
                    session,
                    tables,
                    publisher_id=request.publisher_id,
                    kind=request.kind,
                    editor=request.editor,
                    name=request.name,
                    dry_run=request.dry_run,
                    now=now(),
                    more={
                        **kept(understood),
                        "digest": request.digest,
                        "request_key": request.key,
                        "request_fingerprint": request.fingerprint,
                    },
                )
        except IntegrityError:
            known = _known(transaction, tables, request)
            if known is None:
                raise
    job = known if known is not None else job
    if job.status == "receiving":
        job = _content(transaction, imports, job, blocks, whole=whole, resumable=request.key is not None, now=now)
    return job, known is not None


def _content(
    transaction: Transaction,
    imports: Imports,
    job: ImportJob,
    blocks: Iterator[bytes],
    *,
    whole: bool,
    resumable: bool,
    now: Callable[[], datetime],
) -> ImportJob:
    try:
        return take_in(
            transaction,
            imports,
            import_id=job.id,
            publisher_id=job.publisher_id,
            blocks=skipped(blocks, job.received_bytes),
            offset=job.received_bytes,
            whole=whole,
            now=now,
        )
    except Exception as error:
        if isinstance(error, Problem) or (whole and not resumable):
            _end(transaction, imports.tables, job, error, now())  # nobody can go on with it
        raise


def _end(transaction: Transaction, tables: ImportTables, job: ImportJob, error: Exception, now: datetime) -> None:
    code, detail = "upload_broken_off", "The rest of the file never came."
    if isinstance(error, Problem):
        code, detail = error.code, error.detail
    with transaction() as session:
        broken = find_import(session, tables, job.publisher_id, job.id, lock=True)
        if broken.status == "receiving":
            broken.status, broken.ended_at, broken.problem = "failed", now, {"code": code, "detail": detail}
            session.flush()


def _known(transaction: Transaction, tables: ImportTables, request: Request) -> ImportJob | None:
    if request.key is None:
        return None
    jobs = tables.jobs
    with transaction() as session:
        job = session.execute(
            select(jobs).where(jobs.publisher_id == request.publisher_id, jobs.request_key == request.key)
        ).scalar_one_or_none()
    if job is not None and job.request_fingerprint != request.fingerprint:
        raise ImportRequestDiffers
    return job
