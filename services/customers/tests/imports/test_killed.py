"""The importer as the process that it is, killed with signal 9 in the middle of its work, again and again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from servicekit.db.database import Database
from servicekit.testing.databases import ScratchDatabase
from services.customers.tests.conftest import outbox_of
from services.customers.tests.imports.conftest import Imports, counts

PATIENCE = 120.0


def _until(what: str, check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def _start(scratch: ScratchDatabase, log: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "CUSTOMERS_DATABASE_URL_APP": scratch.urls.app,
        "CUSTOMERS_DATABASE_URL_SYSTEM": scratch.urls.system,
        "WORKER_ID": "the-importer",
    }
    with log.open("ab") as said:
        return subprocess.Popen([sys.executable, "-m", "services.customers", "importer"], env=environment, stderr=said)


@pytest.mark.slow
def test_killed_and_started_again_it_ends_the_same(
    imports: Imports, scratch: ScratchDatabase, database: Database, system_database: Database, tmp_path: Path
) -> None:
    rows = "".join(f"{number},p{number}@example.com,N{number}\n" for number in range(12_000))
    job = imports.send(f"external_id,email,last_name\n1,nobody,X\n{rows}7,,Y\n", name="n").json
    log = tmp_path / "importer.log"

    def done() -> int:
        return int(imports.read(job["id"])["rows"]["done"])

    for _ in range(3):
        process = _start(scratch, log)
        before = done()
        _until("it works on rows", lambda before=before: done() > before)  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert imports.read(job["id"])["status"] == "running", "it must be killed before it is done"
    process = _start(scratch, log)
    try:
        _until("it is done", lambda: imports.read(job["id"])["status"] == "finished")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, log.read_text()

    assert counts(imports.read(job["id"])) == (12_000, 0, 0, 2)
    with database.transaction("pub_a") as session:
        history = session.execute(text("SELECT count(*), count(DISTINCT customer_id) FROM customer_change")).one()
        customers = session.execute(text("SELECT count(*), sum(version) FROM customer")).one()
    assert (tuple(history), tuple(customers)) == ((12_000, 12_000), (12_000, 12_000))
    events = outbox_of(system_database)
    assert len({event.subject for event in events}) == len(events) == 12_000
    assert [row["row"] for row in imports.rejects(job["id"])] == ["2", "12003"]
