"""Which row became which note: known again by its external ID, else by the import's name and the row's number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from servicekit.clock import rfc3339
from servicekit.db.bulk import as_bytea, insertion, send
from servicekit.imports.keeping import identity_hash, keep_identities, seen_identities
from servicekit.imports.tables import ImportJob
from services.notes.imports.models import TABLES, ImportedNote
from services.notes.imports.rows import Row

Key = tuple[str, str]
_KEEP = insertion(ImportedNote.__table__)
_WHAT = "made.note_id, made.digest, note.customer_id FROM note_import_row AS made JOIN note ON note.id = made.note_id"
# Each looked up by itself: what the planner knows of tables that grow this fast is out of date.
_BY_ID = text(
    f"""
    SELECT wanted.key, held.* FROM json_array_elements_text(:wanted) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT {_WHAT} WHERE made.publisher_id = :publisher_id AND made.external_id = wanted.key LIMIT 1
    ) AS held
    """  # noqa: S608
)
_BY_NUMBER = text(
    f"""
    SELECT wanted.key, held.* FROM json_array_elements_text(:wanted) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT {_WHAT} WHERE made.publisher_id = :publisher_id AND made.name = :name
        AND made.external_id IS NULL AND made.row_number = CAST(wanted.key AS bigint) LIMIT 1
    ) AS held
    """  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class Known:
    """A note that a row became before: in an earlier import, or, with its number, of this file.

    ``digest`` is of what that row said; None where that isn't known any more, or yet (in a dry run).
    """

    note_id: str
    digest: bytes | None
    customer_id: str | None
    row_number: int | None = None


def key_of(row: Row) -> Key:
    """By what a row is known again."""
    external_id = row.values.get("external_id")
    return ("row", str(row.number)) if external_id is None else ("id", external_id)


def digest_of(note_id: str, row: Row) -> bytes:
    """What a row says of its note, as a hash: another one for each note."""
    written = row.values.get("created_at")
    said = f"{rfc3339(written) if written else ''} {row.values['text']}"
    return hashlib.blake2b(said.encode(), digest_size=16, key=note_id.encode()).digest()


def find_known(session: Session, job: ImportJob, rows: Sequence[Row]) -> dict[Key, Known]:
    """What rows became before, by their keys."""
    known: dict[Key, Known] = {}
    for kind, statement in (("id", _BY_ID), ("row", _BY_NUMBER)):
        wanted = [key for of, key in map(key_of, rows) if of == kind]
        if wanted:
            asked = {"publisher_id": job.publisher_id, "wanted": orjson.dumps(wanted).decode()}
            asked |= {"name": job.name} if kind == "row" else {}
            for row in session.execute(statement, asked):
                digest = None if row.digest is None else bytes(row.digest)
                known[kind, row.key] = Known(row.note_id, digest, row.customer_id)
    if job.dry_run:
        # The rows of batches before are nowhere but here: taken to say the same.
        hashed = _hashed(job, rows)
        for identity, number in seen_identities(session, TABLES, job, hashed).items():
            known.setdefault(key_of(hashed[identity]), Known("", None, None, number))
    return known


def remember_notes(session: Session, job: ImportJob, notes: Iterable[tuple[Row, str]]) -> None:
    """Keep what rows became: the IDs of their notes; in a dry run only that they were there."""
    if job.dry_run:
        keep_identities(
            session, TABLES, job, [(one, row.number) for one, row in _hashed(job, [row for row, _ in notes]).items()]
        )
        return
    send(session, _KEEP, [_kept(job, row, note_id) for row, note_id in notes])


def forget_digest(session: Session, note_id: str) -> None:
    """Of a note that is deleted nothing is left of what it said."""
    session.execute(update(ImportedNote).where(ImportedNote.note_id == note_id).values(digest=None))


def _kept(job: ImportJob, row: Row, note_id: str) -> Mapping[str, Any]:
    return {
        "note_id": note_id,
        "publisher_id": job.publisher_id,
        "external_id": row.values.get("external_id"),
        "name": job.name,
        "row_number": row.number,
        "digest": as_bytea(digest_of(note_id, row)),
    }


def _hashed(job: ImportJob, rows: Sequence[Row]) -> dict[bytes, Row]:
    named = [(row.values["external_id"], row) for row in rows if "external_id" in row.values]
    return {identity_hash(job.id, f"note {external_id}"): row for external_id, row in named}
