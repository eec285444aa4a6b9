"""The customers service on a database that is empty before each test, used as the roles ``app`` and ``system``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from servicekit.auth.caller import Caller
from servicekit.db.database import Database
from servicekit.db.migrate import migrate
from servicekit.db.tables import outbox
from servicekit.events import Event
from servicekit.testing.callers import KnownCallers, api_key, service
from servicekit.testing.databases import ScratchDatabase, Template, template
from services.customers.app import MIGRATIONS, create_app
from services.customers.settings import Settings

ALL = ("customers:read", "customers:write", "customers:anonymize", "customers:import", "personal:read")
CALLERS = {
    "a": api_key("pub_a", ALL, "Key of A"),
    "b": api_key("pub_b", ALL, "Key of B"),
    "reader": api_key("pub_a", ("customers:read", "personal:read")),
    "masked": api_key("pub_a", ("customers:read", "customers:write", "customers:import")),
    "search": service("search", ("customers:feed",)),
}


@pytest.fixture(scope="session")
def customers_template() -> Iterator[Template]:
    with template("cust", lambda _name, url: migrate(url, MIGRATIONS)) as made:
        yield made


@pytest.fixture(scope="session")
def copied(customers_template: Template) -> ScratchDatabase:
    return customers_template.copy()


@pytest.fixture
def scratch(customers_template: Template, copied: ScratchDatabase) -> Iterator[ScratchDatabase]:
    yield copied
    customers_template.empty(copied)


@pytest.fixture
def database(scratch: ScratchDatabase) -> Iterator[Database]:
    made = Database(scratch.urls.app, pool_size=5)
    yield made
    made.close()


@pytest.fixture
def system_database(scratch: ScratchDatabase) -> Iterator[Database]:
    made = Database(scratch.urls.system, pool_size=3)
    yield made
    made.close()


@dataclass
class Desk:
    """Stands for billing: closes every account, unless told why not."""

    refusal: Exception | None = None
    closed: list[tuple[str, str, bool]] = field(default_factory=list)

    def close_account(self, publisher_id: str, customer_id: str, *, end_access: bool) -> None:
        """Close it, or raise what was set."""
        if self.refusal is not None:
            raise self.refusal
        self.closed.append((publisher_id, customer_id, end_access))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def app(scratch: ScratchDatabase, database: Database, system_database: Database, desk: Desk) -> Flask:
    return create_app(
        Settings(database=scratch.urls, erasure_participants=("search",)),
        database=database,
        system_database=system_database,
        verifier=KnownCallers(CALLERS),
        billing=desk,
    )


@dataclass
class Api:
    """Sends requests as one of the known callers, by default publisher A's key."""

    app: Flask

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        as_: str = "a",
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> TestResponse:
        """One request; ``raw`` is sent as it is, ``body`` as JSON."""
        sent = {"Authorization": f"Bearer {as_}", **(headers or {})}
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
            return self.app.test_client().open(path, method=method, data=raw, headers=sent)
        return self.app.test_client().open(path, method=method, json=body, headers=sent)

    def create(self, *, as_: str = "a", **fields: Any) -> dict[str, Any]:
        """A new customer; what the API answered."""
        answer = self.send("POST", "/v1/customers", fields, as_=as_)
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def edit(self, customer_id: str, if_match: str = "*", **fields: Any) -> TestResponse:
        """An edit of a customer."""
        return self.send("PATCH", f"/v1/customers/{customer_id}", fields, headers={"If-Match": if_match})


@pytest.fixture
def api(app: Flask) -> Api:
    return Api(app)


def outbox_of(system_database: Database) -> list[Event]:
    """What waits to be published, in order."""
    with system_database.transaction() as session:
        return [
            Event.from_json(payload) for payload in session.scalars(select(outbox.c.payload).order_by(outbox.c.seq))
        ]


def editor(publisher_id: str = "pub_a") -> Caller:
    """A caller for actions called directly."""
    return api_key(publisher_id, ALL)
