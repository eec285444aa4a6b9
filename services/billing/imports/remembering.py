"""What rows without an ID of their own became: known again by the import's kind and name and the row's number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.db.bulk import insertion, send
from servicekit.imports.tables import ImportJob
from services.billing.models.imports import ImportedThing

ANOTHER = (
    "Row {row} of an earlier import named {name} was something else. Rows without an ID are known by their number: "
    "keep them in their order, or give the import another name."
)
_KEEP = insertion(ImportedThing.__table__, "ON CONFLICT DO NOTHING")
_EARLIER = text(
    """
    SELECT row_number, thing_id FROM billing_import_row
    WHERE publisher_id = :publisher_id AND kind = :kind AND name = :name
    AND row_number IN (SELECT CAST(number AS bigint) FROM json_array_elements_text(:numbers) AS wanted (number))
    """
)


def earlier_things(session: Session, job: ImportJob, numbers: Sequence[int]) -> dict[int, str]:
    """What these rows became in an earlier import of the same kind and name: IDs by row number."""
    if not numbers:
        return {}
    asked = {
        "publisher_id": job.publisher_id,
        "kind": job.kind,
        "name": job.name,
        "numbers": orjson.dumps(list(numbers)).decode(),
    }
    return {row.row_number: row.thing_id for row in session.execute(_EARLIER, asked)}


def remember_things(session: Session, job: ImportJob, things: Iterable[tuple[int, str]]) -> None:
    """Keep what rows became: row number and ID."""
    mine = {"publisher_id": job.publisher_id, "kind": job.kind, "name": job.name}
    send(session, _KEEP, [{**mine, "row_number": number, "thing_id": thing_id} for number, thing_id in things])
