"""What is kept of rows: by what they are known while the import lasts, and those rejected; and forgetting a person.

Identities are kept as hashes, another one for each import.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache

import orjson
from sqlalchemy import TextClause, select
from sqlalchemy.orm import Session

from servicekit.db.bulk import as_bytea, insertion, send, without_nul
from servicekit.imports.kinds import Contents
from servicekit.imports.rows import Fault
from servicekit.imports.tables import OPEN, ImportJob, ImportTables

ERASED = 0
"""The number of the row by which an identity of somebody is known who was erased since the file was sent."""

# Each element is looked up by itself (LIMIT keeps it so): what the planner knows of tables that grow this fast is out
# of date, and it would read them whole.
_SEEN = """
    SELECT seen.identity, seen.row_number
    FROM json_array_elements_text(:identities) AS wanted (hex)
    CROSS JOIN LATERAL (
        SELECT identity, row_number FROM {identities}
        WHERE import_id = :import_id AND identity = decode(wanted.hex, 'hex') LIMIT 1
    ) AS seen
"""
_BAR = """
    INSERT INTO {identities} (import_id, identity, publisher_id, row_number)
    VALUES (:import_id, :identity, :publisher_id, :row_number)
    ON CONFLICT (import_id, identity) DO UPDATE SET row_number = excluded.row_number
"""
# A cell that is one of the values, or holds one of the telling ones; of a row that could not be parted, whatever it
# holds.
_BLANK = """
    UPDATE {rejects} SET content = NULL, faults = CAST(:gone AS jsonb)
    WHERE publisher_id = :publisher_id AND (
        EXISTS (
            SELECT FROM jsonb_path_query(content, '$.** ? (@.type() == "string" || @.type() == "number")') AS cell
            WHERE lower(btrim(cell #>> '{{}}')) = ANY(:values)
                OR EXISTS (SELECT FROM unnest(CAST(:telling AS text[])) AS part (held)
                           WHERE position(part.held IN lower(cell #>> '{{}}')) > 0)
        )
        OR (jsonb_typeof(content) = 'array' AND jsonb_array_length(content) = 1 AND content ->> 0 ~* :pattern)
        OR (content ->> '') ~* :pattern
    )
"""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that is not taken, and why. ``secret``: what it says may not be kept."""

    row_number: int
    faults: Sequence[Fault]
    secret: bool = False


def identity_hash(import_id: str, identity: str) -> bytes:
    """An identity as it is kept while an import lasts: another value for each import."""
    return hashlib.blake2b(identity.encode(), digest_size=16, key=import_id.encode()).digest()


def seen_identities(
    session: Session, tables: ImportTables, job: ImportJob, identities: Collection[bytes]
) -> dict[bytes, int]:
    """Which of these (hashed) rows before had, and which row; ``ERASED``: the person was erased."""
    if not identities:
        return {}
    wanted = orjson.dumps([identity.hex() for identity in identities]).decode()
    found = session.execute(tables.sql(_SEEN), {"import_id": job.id, "identities": wanted})
    return {bytes(row.identity): row.row_number for row in found}


def keep_identities(
    session: Session, tables: ImportTables, job: ImportJob, identities: Iterable[tuple[bytes, int]]
) -> None:
    """Keep (hashed) identities with the numbers of the rows that have them."""
    mine = {"import_id": job.id, "publisher_id": job.publisher_id}
    rows = [{**mine, "identity": as_bytea(identity), "row_number": number} for identity, number in identities]
    send(session, _insertion(tables, "identities"), rows)


def keep_rejections(
    session: Session, tables: ImportTables, job: ImportJob, rejections: Iterable[Rejection], contents: Contents
) -> None:
    """Keep rejected rows as they were, so that they can be fetched, corrected and imported."""
    rows = [
        {
            "import_id": job.id,
            "publisher_id": job.publisher_id,
            "row_number": rejection.row_number,
            "content": None if rejection.secret else without_nul(contents.get(rejection.row_number)),
            "faults": [without_nul(asdict(fault)) for fault in rejection.faults],
        }
        for rejection in rejections
    ]
    send(session, _insertion(tables, "rejects"), rows)


def hold_imports(session: Session, tables: ImportTables, publisher_id: str) -> Sequence[str]:
    """The publisher's open imports, none of which works on a row until the commit. To be called before a person's row
    is locked: an import locks itself first, and then what its rows are about."""
    jobs = tables.jobs
    statement = select(jobs.id).where(jobs.publisher_id == publisher_id, jobs.status.in_(OPEN))
    return session.scalars(statement.order_by(jobs.id).with_for_update()).all()


def forget_in_rows(
    session: Session,
    tables: ImportTables,
    *,
    publisher_id: str,
    open_imports: Collection[str],
    identities: Collection[str],
    values: Collection[str],
    telling: Collection[str],
    reason: str,
) -> None:
    """Blank the rejected rows that speak of a person, and have the rows that wait rejected without their content.

    ``identities`` are as rows would have them; ``values`` are cells that are the person's as a whole, ``telling`` ones
    that are also looked for within cells. ``reason`` is what is said instead.
    """
    bars = [
        {
            "publisher_id": publisher_id,
            "import_id": import_id,
            "identity": identity_hash(import_id, identity),
            "row_number": ERASED,
        }
        for import_id in open_imports
        for identity in identities
    ]
    if bars:
        session.execute(tables.sql(_BAR), bars)
    wanted = sorted({form for value in {*values, *telling} - {""} for form in (value.lower(), value.casefold())})
    if wanted:
        parameters: Mapping[str, object] = {
            "publisher_id": publisher_id,
            "gone": orjson.dumps([{"column": "", "reason": reason}]).decode(),
            "values": wanted,
            "telling": sorted({value.lower() for value in telling} - {""}),
            "pattern": f"(^|[^[:alnum:]])({'|'.join(map(re.escape, wanted))})($|[^[:alnum:]])",
        }
        session.execute(tables.sql(_BLANK), parameters)


@cache
def _insertion(tables: ImportTables, name: str) -> TextClause:
    return insertion(getattr(tables, name).__table__)
