"""Imports over the service's API, worked on step by step, with a staff of three to be asked for."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from servicekit import clock
from servicekit.db.database import Database
from servicekit.errors import Unavailable
from servicekit.imports.importer import Importer
from services.notes.imports.kinds import note_imports
from services.notes.staff_desk import StaffMember
from services.notes.tests.conftest import Notes

PATH = "/v1/notes/imports"
_STAFF = {"kim@example.com": StaffMember("stf_kim", "Kim"), "olga@example.com": StaffMember("stf_olga", "Olga")}


@dataclass
class Staff:
    """Identity, as notes asks it. ``down``: it doesn't answer."""

    down: bool = False
    asked: list[tuple[str, set[str]]] = field(default_factory=list)

    def find(self, publisher_id: str, emails: Collection[str]) -> Mapping[str, StaffMember]:
        """Publisher A's staff."""
        if self.down:
            raise Unavailable("down")
        self.asked.append((publisher_id, set(emails)))
        return {email: member for email, member in _STAFF.items() if email in emails and publisher_id == "pub_a"}


class Clock:
    """The importer's time, which can be set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """The time."""
        return clock.now() + self.ahead


@dataclass
class Imports:
    """Sends files and works on them."""

    notes: Notes
    importer: Importer
    system_database: Database
    clock: Clock
    staff: Staff

    def send(self, content: str | bytes, *, as_: str = "admin", **options: Any) -> Any:
        """The answer to a file."""
        raw = content.encode() if isinstance(content, str) else content
        headers = {"Content-Type": "application/octet-stream"}
        return self.notes.send("POST", f"{PATH}?{urlencode(options, doseq=True)}", raw=raw, as_=as_, headers=headers)

    def work(self, *, seconds: float = 0.0) -> None:
        """Until nothing is left to do, with the clock ``seconds`` ahead; what waits is looked at again."""
        self.clock.ahead += timedelta(seconds=seconds)
        with self.system_database.transaction() as session:
            session.execute(text("UPDATE note_import SET lease_until = now() WHERE status = 'running'"))
        while self.importer.step():
            pass

    def read(self, import_id: str) -> dict[str, Any]:
        """An import as it is now."""
        answer = self.notes.send("GET", f"{PATH}/{import_id}", as_="admin")
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})

    def run(self, content: str | bytes, **options: Any) -> dict[str, Any]:
        """A file from its sending to its end, whoever isn't known being waited for."""
        answer = self.send(content, **options)
        assert answer.status_code == 202, answer.text
        for _ in range(4):
            self.work(seconds=11)
        job = self.read((answer.json or {})["id"])
        assert job["status"] == "finished"
        return job

    def rejects_file(self, job: Mapping[str, Any]) -> str:
        """The file of rejected rows."""
        answer = self.notes.send("GET", f"{PATH}/{job['id']}/rejects", as_="admin")
        assert answer.status_code == 200, answer.text
        return answer.text

    def rejects(self, job: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Row, column and reason of the rejected rows."""
        told = self.rejects_file(job)
        if job["format"] == "ndjson":
            rows = [json.loads(line) for line in told.splitlines()]
        else:
            rows = list(csv.DictReader(io.StringIO(told, newline="")))
        return [(str(row["row"]), row["column"], row["reason"]) for row in rows]


def counts(job: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, rejected."""
    rows = job["rows"]
    return rows["created"], rows["updated"], rows["unchanged"], rows["rejected"]


@pytest.fixture
def staff() -> Staff:
    return Staff()


@pytest.fixture
def imports(notes: Notes, database: Database, system_database: Database, staff: Staff) -> Imports:
    time = Clock()
    importer = Importer(note_imports(staff), database, system_database, worker_id="test", now=time.now)
    return Imports(notes, importer, system_database, time, staff)
