"""Killed anywhere, as often as one likes: the end is that of an import that nobody disturbed, and nothing is twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from servicekit import faults
from servicekit.db.database import Database
from servicekit.imports import chunks
from servicekit.imports.importer import Importer
from services.customers.imports.kinds import IMPORTS
from services.customers.tests.conftest import outbox_of
from services.customers.tests.imports.conftest import Imports

POINTS = ["importer:claimed", "importer:written", "importer:committed"]
EMAILS = ["a@x.org", "b@x.org", "c@x.org", "nobody", ""]
ROWS = st.lists(
    st.tuples(st.sampled_from(["1", "2", "3", "4", ""]), st.sampled_from(EMAILS), st.sampled_from(["Ulm", "Bonn", ""])),
    min_size=1,
    max_size=12,
)


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def killed_at(point: str, passes: int) -> Iterator[None]:
    """Die when this point is reached for that many times."""
    left = [passes]

    def hook(reached: str) -> None:
        if reached == point:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

    faults.install(hook)
    try:
        yield
    finally:
        faults.install(None)


def _end(imports: Imports, job_id: str, system_database: Database) -> Any:
    """What is there at the end, without what chance and time give."""
    job = imports.read(job_id)
    names = {customer["id"]: number for number, customer in enumerate(imports.customers())}
    customers = [
        {k: v for k, v in customer.items() if k not in ("id", "registered_at")} for customer in imports.customers()
    ]
    history = [
        [(entry["action"], entry["revision"], entry["fields"]) for entry in imports.changes(customer)]
        for customer in names
    ]
    events = [(event.type, names[event.subject], event.aggregate_version) for event in outbox_of(system_database)]
    return job["status"], job["rows"], customers, history, events, imports.rejects(job_id)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    before=ROWS,
    rows=ROWS,
    kills=st.lists(st.tuples(st.sampled_from(POINTS), st.integers(1, 4)), max_size=5),
    dry_run=st.booleans(),
)
@pytest.mark.slow
def test_the_end_is_the_same_however_often_it_is_killed(
    imports: Imports,
    database: Database,
    system_database: Database,
    customers_template: Any,
    copied: Any,
    before: list[tuple[str, str, str]],
    rows: list[tuple[str, str, str]],
    kills: list[tuple[str, int]],
    dry_run: bool,
) -> None:
    ends = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chunks, "MOST_ROWS", 2)
        for deaths in ([], kills):
            customers_template.empty(copied)
            imports.run(_file(before), name="before")
            job = imports.send(_file(rows), name="n", dry_run=str(dry_run).lower()).json
            for number, (point, passes) in enumerate(deaths):
                with killed_at(point, passes):
                    try:
                        Importer(IMPORTS, database, system_database, worker_id=f"dead-{number}").step()
                    except Killed:
                        _end_lease(system_database)
            imports.work()
            ends.append(_end(imports, job["id"], system_database))
    assert ends[0] == ends[1]
    assert ends[0][0] == "finished"


def _file(rows: list[tuple[str, str, str]]) -> str:
    return "external_id,email,city\n" + "".join(f"{','.join(row)}\n" for row in rows)


def _end_lease(system_database: Database) -> None:
    with system_database.transaction() as session:
        session.execute(text("UPDATE customer_import SET lease_until = now() WHERE status = 'running'"))
