"""What this service imports: customers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from servicekit.imports.keeping import identity_hash
from servicekit.imports.kinds import Contents, Imports, Kind, Tally
from servicekit.imports.layout import Layout
from servicekit.imports.records import Record
from servicekit.imports.tables import ImportJob
from services.customers.imports.headings import VOCABULARY
from services.customers.imports.models import TABLES
from services.customers.imports.planning import Planner, name_rows
from services.customers.imports.rows import Row, RowReader
from services.customers.imports.standing import read_world
from services.customers.imports.writing import carry_out, keep_rows


def read_rows(job: ImportJob, records: Sequence[Record]) -> Sequence[Row]:
    """What the records say about customers."""
    reader = RowReader(Layout.from_json(job.layout))
    rows = [reader.read(record) for record in records]
    name_rows(rows, job.name)
    return rows


def work_on_rows(session: Session, job: ImportJob, rows: Sequence[Row], contents: Contents, now: datetime) -> Tally:
    """Make or change the customers that the rows are about. Raises IntegrityError where somebody got in between."""
    identities = {identity_hash(job.id, text) for row in rows for _, text in row.identities()}
    world = read_world(session, job, rows, identities, lock=not job.dry_run)
    plan = Planner(job, world, now=now).decide(rows)
    keep_rows(session, job, plan, contents)
    if not job.dry_run:
        carry_out(session, job, plan, now=now)
    return plan.tally


IMPORTS = Imports("customers", TABLES, {"customers": Kind(VOCABULARY, read_rows, work_on_rows)})
