"""What becomes of a batch of rows: decided row by row in memory, carried out in a few statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.db.bulk import insertion, send
from servicekit.ids import new_id
from servicekit.imports.keeping import Rejection, keep_rejections
from servicekit.imports.kinds import Contents, Tally
from servicekit.imports.tables import ImportJob
from servicekit.outbox import publish_all
from services.notes import events
from services.notes.flagging import Definition, list_flags, use_flags
from services.notes.imports.customers import find_customers
from services.notes.imports.models import TABLES
from services.notes.imports.remembering import Known, digest_of, find_known, key_of, remember_notes
from services.notes.imports.rows import Row
from services.notes.models import Customer, Note
from services.notes.views import counted

ANOTHER = (
    "Row {row} of an earlier import named {name} was something else. Rows without an ID are known by their number: "
    "keep them in their order, or give the import another name."
)
_CHANGED = "The note with this ID was imported with another text or time. A file changes no note: edit it here."
# A day: times without a zone are taken for UTC.
_AHEAD = timedelta(days=1)
_COLUMNS = [column.name for column in Note.__table__.columns]
_INSERT = insertion(Note.__table__)
_COUNTED = ("notes_count", "note_flags", "last_note_at", "summary_version")
_COUNT = text(
    f"""
    UPDATE customer SET ({", ".join(_COUNTED)}) = ({", ".join(f"counted.{name}" for name in _COUNTED)})
    FROM json_populate_recordset(NULL::customer, :rows) AS counted
    WHERE customer.publisher_id = counted.publisher_id AND customer.customer_id = counted.customer_id
    """  # noqa: S608
)


def work_on_notes(session: Session, job: ImportJob, rows: Sequence[Row], contents: Contents, now: datetime) -> Tally:
    """Make the notes that aren't known yet. Raises NotYet, or IntegrityError where somebody got in between."""
    found = find_customers(session, job, rows, now)
    gone = {rejection.row_number for rejection in found.rejected}
    good = [row for row in rows if not row.faults and row.number not in gone]
    batch = _Batch(session, job, good, found.customer_of, found.customers, now)
    unchanged = batch.decide()
    batch.carry_out()
    blamed = (row for row in rows if row.faults and row.number not in gone)
    rejected = [*found.rejected, *(Rejection(row.number, row.faults) for row in blamed)]
    keep_rejections(session, TABLES, job, rejected, contents)
    return Tally(created=len(batch.made), unchanged=unchanged, rejected=len(rejected))


class _Batch:
    """One batch of rows whose customers are found and locked."""

    def __init__(
        self, session: Session, job: ImportJob, rows: Sequence[Row], customer_of: Mapping[int, str],
        customers: Mapping[str, Customer], now: datetime,
    ) -> None:  # fmt: skip
        self._session, self._job, self._rows, self._now = session, job, rows, now
        self._customer_of, self._customers = customer_of, customers
        self._known = find_known(session, job, rows)
        flagged = any(row.values.get("flags") for row in rows)
        self._flags = _by_name(list_flags(session, job.publisher_id)) if flagged else {}
        self.made: list[tuple[Row, Any]] = []

    def decide(self) -> int:
        """What becomes of each row, in their order; how many say nothing new. Faults are told in the rows."""
        unchanged = 0
        for row in self._rows:
            known = self._known.get(key_of(row))
            if known is not None:
                unchanged += self._is_the_same(row, known)
                continue
            written = row.values.get("created_at")
            if written is not None and written > self._now + _AHEAD:
                row.blame("created_at", "In the future.")
            flags = self._flags_of(row)
            if not row.faults:
                self._make(row, flags)
        return unchanged

    def carry_out(self) -> None:
        """Write everything, and publish each note, then what is told of each customer. In a dry run nothing is."""
        session, job, now = self._session, self._job, self._now
        remember = [(row, str(note.id)) for row, note in self.made]
        if job.dry_run or not self.made:
            remember_notes(session, job, remember)
            return
        use_flags(session, job.publisher_id, sorted({flag for _, note in self.made for flag in note.flags}))
        session.flush()
        send(session, _INSERT, [vars(note) for _, note in self.made])
        remember_notes(session, job, remember)
        told = [events.note_event(events.ADDED, cast("Note", note), now=now) for _, note in self.made]
        changed = [self._customers[each] for each in sorted({note.customer_id for _, note in self.made})]
        summaries = [events.next_summary(customer, now=now) for customer in changed]
        send(session, _COUNT, [_counts_of(customer) for customer in changed])
        publish_all(session, [*told, *summaries])

    def _is_the_same(self, row: Row, known: Known) -> bool:
        customer_id, by_id = self._customer_of[row.number], "external_id" in row.values
        where = f" in row {known.row_number} of this file" if known.row_number else ""
        if known.customer_id not in (None, customer_id):
            other = f"Another customer's note has it{where}."
            row.blame(*(("external_id", other) if by_id else ("", self._another(row))))
        elif known.digest is not None and known.digest != digest_of(known.note_id, row):
            row.blame(*(("external_id", _CHANGED) if by_id else ("", self._another(row))))
        return not row.faults

    def _another(self, row: Row) -> str:
        return ANOTHER.format(row=row.number, name=self._job.name)

    def _flags_of(self, row: Row) -> list[str]:
        keys = set()
        for named in row.values.get("flags", ()):
            flag = self._flags.get(named.casefold())
            if flag is None or flag.retired:
                what = "is retired" if flag is not None else "is not one of your publisher's flags"
                row.blame("flags", f"{named[:40]!r} {what}.")
            else:
                keys.add(flag.key)
        return sorted(keys)

    def _make(self, row: Row, flags: Sequence[str]) -> None:
        customer = self._customers[self._customer_of[row.number]]
        note = SimpleNamespace(**dict.fromkeys(_COLUMNS))
        note.id, note.publisher_id, note.customer_id = new_id("note"), self._job.publisher_id, customer.customer_id
        note.text, note.flags, note.version = row.values["text"], list(flags), 1
        note.author_id, note.author_name, note.author_kind = row.author.id, row.author.name, row.author.kind
        note.created_at, note.imported_at = row.values.get("created_at", self._job.created_at), self._now
        customer.notes_count += 1
        customer.note_flags = counted(customer.note_flags, added=flags)
        customer.last_note_at = max(note.created_at, customer.last_note_at or note.created_at)
        self.made.append((row, note))
        self._known[key_of(row)] = Known(note.id, digest_of(note.id, row), customer.customer_id, row.number)


def _by_name(definitions: Collection[Definition]) -> dict[str, Definition]:
    """Flags by name and by key, which counts where both are: of two of a name the first."""
    named = {flag.name.casefold(): flag for flag in reversed(list(definitions))}
    return named | {flag.key: flag for flag in definitions}


def _counts_of(customer: Customer) -> dict[str, Any]:
    return {name: getattr(customer, name) for name in ("publisher_id", "customer_id", *_COUNTED)}
