"""Imports over the service's API, worked on step by step."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from servicekit.db.database import Database
from servicekit.imports.importer import Importer
from services.customers.imports.kinds import IMPORTS
from services.customers.tests.conftest import Api

PATH = "/v1/customers/imports"


@dataclass
class Imports:
    """Sends files and works on them."""

    api: Api
    importer: Importer

    def send(
        self, content: str | bytes, *, as_: str = "a", headers: Mapping[str, str] | None = None, **options: Any
    ) -> Any:
        """The answer to a file."""
        raw = content.encode() if isinstance(content, str) else content
        sent = {"Content-Type": "application/octet-stream", **(headers or {})}
        return self.api.send("POST", f"{PATH}?{urlencode(options, doseq=True)}", as_=as_, headers=sent, raw=raw)

    def append(self, import_id: str, content: bytes, **options: Any) -> Any:
        """The answer to a further part."""
        headers = {"Content-Type": "application/octet-stream"}
        path = f"{PATH}/{import_id}/content?{urlencode(options)}"
        return self.api.send("POST", path, headers=headers, raw=content)

    def work(self) -> None:
        """Until nothing is left to do."""
        while self.importer.step():
            pass

    def read(self, import_id: str) -> dict[str, Any]:
        """An import as it is now."""
        return dict(self.api.send("GET", f"{PATH}/{import_id}").json or {})

    def run(self, content: str | bytes, **options: Any) -> dict[str, Any]:
        """A file from its sending to its end."""
        answer = self.send(content, **options)
        assert answer.status_code == 202, answer.text
        self.work()
        return self.read(answer.json["id"])

    def rejects(self, import_id: str) -> list[dict[str, Any]]:
        """The rejected rows."""
        answer = self.api.send("GET", f"{PATH}/{import_id}/rejects")
        assert answer.status_code == 200
        if answer.mimetype == "application/x-ndjson":
            return [json.loads(line) for line in answer.text.splitlines()]
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))

    def customers(self) -> list[dict[str, Any]]:
        """Every customer of publisher A, oldest first."""
        page = self.api.send("GET", "/v1/customers?limit=200").json or {}
        return list(reversed(page["items"]))

    def by_email(self) -> dict[str, dict[str, Any]]:
        """Every customer by email address."""
        return {customer["email"]: customer for customer in self.customers()}

    def changes(self, customer_id: str) -> list[dict[str, Any]]:
        """The change history, newest first."""
        return list((self.api.send("GET", f"/v1/customers/{customer_id}/changes").json or {})["items"])


def counts(job: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, rejected."""
    rows = job["rows"]
    return rows["created"], rows["updated"], rows["unchanged"], rows["rejected"]


@pytest.fixture
def importer(database: Database, system_database: Database) -> Importer:
    return Importer(IMPORTS, database, system_database, worker_id="test")


@pytest.fixture
def imports(api: Api, importer: Importer) -> Imports:
    return Imports(api, importer)
