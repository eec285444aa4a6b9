"""Imports over the service's API, worked on step by step."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from servicekit import clock
from servicekit.db.database import Database
from servicekit.imports.importer import Importer
from services.billing.actions.people import take_customers
from services.billing.imports.kinds import IMPORTS
from services.billing.inbound import CustomerTold
from services.billing.tests.conftest import Api

PATH = "/v1/billing/imports"


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

    api: Api
    importer: Importer
    system_database: Database
    clock: Clock

    def send(self, kind: str, content: str | bytes, **options: Any) -> Any:
        """The answer to a file."""
        raw = content.encode() if isinstance(content, str) else content
        asked = urlencode({"kind": kind, **options}, doseq=True)
        headers = {"Authorization": "Bearer a", "Content-Type": "application/octet-stream"}
        return self.api.app.test_client().post(f"{PATH}?{asked}", data=raw, headers=headers)

    def work(self, *, seconds: float = 0.0) -> None:
        """Until nothing is left to do, with the clock ``seconds`` ahead; what waits is looked at again."""
        self.clock.ahead += timedelta(seconds=seconds)
        with self.system_database.transaction() as session:
            session.execute(text("UPDATE billing_import SET lease_until = now() WHERE status = 'running'"))
        while self.importer.step():
            pass

    def read(self, import_id: str) -> dict[str, Any]:
        """An import as it is now."""
        return self.api.ok("GET", f"imports/{import_id}")

    def run(self, kind: str, content: str | bytes, **options: Any) -> dict[str, Any]:
        """A file from its sending to its end, whoever isn't known being waited for."""
        answer = self.send(kind, content, **options)
        assert answer.status_code == 202, answer.text
        for _ in range(4):
            self.work(seconds=11)
        return self.read(answer.json["id"])

    def rejects(self, job: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Row, column and reason of the rejected rows."""
        answer = self.api.send("GET", f"imports/{job['id']}/rejects")
        assert answer.status_code == 200
        if answer.mimetype == "application/x-ndjson":
            rows = [json.loads(line) for line in answer.text.splitlines()]
        else:
            rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        return [(str(row["row"]), row["column"], row["reason"]) for row in rows]

    def customer(self, email: str, *, customer_id: str | None = None, **external: str) -> str:
        """A customer with this address and these external IDs (source and ID), as the customers service tells."""
        customer_id = self.api.customer(email=email, customer_id=customer_id)
        identities = [("email", email.casefold()), *external.items()]
        with self.api.database.transaction("pub_a") as session:
            told = CustomerTold(customer_id, 2, {"email": email}, identities)
            take_customers(session, publisher_id="pub_a", told=[told])
        return customer_id

    def transactions(self, customer_id: str) -> list[dict[str, Any]]:
        """A customer's, oldest first."""
        page = self.api.ok("GET", f"transactions?customer_id={customer_id}&sort=created_at&limit=200")
        return list(page["items"])


def counts(job: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, rejected."""
    rows = job["rows"]
    return rows["created"], rows["updated"], rows["unchanged"], rows["rejected"]


@pytest.fixture
def imports(api: Api, database: Database, system_database: Database) -> Imports:
    time = Clock()
    importer = Importer(IMPORTS, database, system_database, worker_id="test", now=time.now)
    return Imports(api, importer, system_database, time)
