"""From a record to what it says: each value read by its field, every error named with its column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError

from servicekit.errors import Unavailable
from servicekit.ids import is_id
from servicekit.imports.kinds import NotYet
from servicekit.imports.layout import Layout
from servicekit.imports.records import Record
from servicekit.imports.rows import Fault, Given, RecordReader, reasons
from servicekit.imports.tables import ImportJob
from services.notes.imports.fields import CUSTOMER, CUSTOMER_EXTERNAL_IDS, NOTES, OWN_SOURCE
from services.notes.imports.headings import NOTES as VOCABULARY
from services.notes.staff_desk import StaffDesk

Who = tuple[str, str]
"""By what a customer is known: ``id`` and our ID, ``email`` and the address, or an ID's source and the ID."""

BY_ID = "id"
FROM_FILE = "import"
"""The kind of an author who is only named by a file; their ID is the import's."""

_ASK_AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a note."""

    id: str
    name: str
    kind: str


@dataclass(slots=True)
class Row:
    """What one record says. ``who`` are the ways in which it names its customer, the surest first."""

    number: int
    columns: Mapping[str, str]
    author: Author
    values: dict[str, Any] = field(default_factory=dict)
    who: list[Who] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def blame(self, target: str, reason: str) -> None:
        """This row can't be taken, because of the column that became ``target``."""
        self.faults.append(Fault(self.columns.get(target, ""), reason))


def read_notes(staff: StaffDesk, job: ImportJob, records: Sequence[Record]) -> list[Row]:
    """What the records say, and who of the ``staff`` wrote it. Raises NotYet while nobody can be asked that."""
    reader = RecordReader(VOCABULARY, Layout.from_json(job.layout))
    importer = Author(job.editor_id, job.editor_name, job.editor_kind)
    rows = []
    for record in records:
        given = reader.read(record)
        row = Row(given.number, given.columns, importer, faults=given.faults)
        if record.problem is None:
            _take(row, given)
        rows.append(row)
    _name_authors(staff, job, rows)
    return rows


def _take(row: Row, given: Given) -> None:
    values, others = row.values, []
    for target, value in given.values.items():
        load = NOTES.get(target)
        if load is None:
            others.append(target)
            load = NOTES["customer_external_id"]
        try:
            values[target] = load(value)
        except (ValidationError, TypeError) as error:
            told = reasons(error) if isinstance(error, ValidationError) else ["Not a text or a number."]
            for reason in told:
                row.blame(target, reason)
    if "text" not in given.values:
        row.blame("text", "Missing: every row needs text.")
    _name_customer(row, others)


def _name_customer(row: Row, others: Sequence[str]) -> None:
    values = row.values
    own, external, source, email = (values.pop(name, None) for name in CUSTOMER)
    if own is not None and is_id(own, "cus"):
        row.who.append((BY_ID, own))
    elif own is not None and external is None:
        external = own  # "customer_id" is what most shops call their own ID
    if external is not None:
        row.who.append((source or OWN_SOURCE, external))
    for target in others:
        if target in values:
            row.who.append((target.removeprefix(CUSTOMER_EXTERNAL_IDS), values.pop(target)))
    if email is not None:
        row.who.append(("email", email))
    if not row.who and not row.faults:
        row.blame("customer_email", "It doesn't say whom it is about.")


def _name_authors(staff: StaffDesk, job: ImportJob, rows: Sequence[Row]) -> None:
    """A row that names no author is the importer's; who is no staff member is kept as the file names them."""
    emails = {row.values["author_email"] for row in rows if "author_email" in row.values}
    try:
        found = staff.find(job.publisher_id, emails) if emails else {}
    except Unavailable:
        raise NotYet(seconds=_ASK_AGAIN_SECONDS, awaits={**(job.awaits or {}), "what": "staff"}) from None
    for row in rows:
        name, email = row.values.get("author"), row.values.get("author_email")
        member = found.get(email) if email is not None else None
        if member is not None:
            row.author = Author(member.staff_id, name or member.name, "staff")
        elif name is not None or email is not None:
            row.author = Author(job.id, str(name or email), FROM_FILE)
