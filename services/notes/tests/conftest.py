"""The notes service on a database that is empty before each test, used as the roles ``app`` and ``system``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from servicekit.auth.caller import Caller
from servicekit.db.database import Database
from servicekit.db.migrate import migrate
from servicekit.db.tables import outbox
from servicekit.dispatch import Dispatcher
from servicekit.events import Event
from servicekit.ids import new_id
from servicekit.testing.callers import KnownCallers, api_key, service
from servicekit.testing.databases import ScratchDatabase, Template, template
from services.notes.app import MIGRATIONS, create_app
from services.notes.handlers import QUEUE, SUBSCRIPTIONS

READS = ("notes:read", "personal:read")
WRITES = (*READS, "notes:write")
ALL = (*WRITES, "notes:manage", "notes:import")
THEN = datetime(2026, 3, 1, 8, tzinfo=UTC)


def staff(name: str, role: str, scopes: tuple[str, ...], publisher_id: str = "pub_a") -> Caller:
    """Somebody who works for a publisher."""
    return Caller(
        kind="staff",
        actor_id=f"stf_{name.lower()}",
        name=name,
        publisher_id=publisher_id,
        role=role,
        scopes=frozenset(scopes),
    )


CALLERS = {
    "owner": staff("Olga", "owner", ALL),
    "admin": staff("Adam", "admin", ALL),
    "agent": staff("Kim", "agent", WRITES),
    "other": staff("Lee", "agent", WRITES),
    "viewer": staff("Vera", "viewer", READS),
    "masked": staff("Max", "viewer_no_pii", ("notes:read",)),
    "key": api_key("pub_a", ALL, "Key of A"),
    "stranger": staff("Sam", "owner", ALL, "pub_b"),
    "search": service("search", ("notes:feed",)),
}


@pytest.fixture(scope="session")
def notes_template() -> Iterator[Template]:
    with template("notes", lambda _name, url: migrate(url, MIGRATIONS)) as made:
        yield made


@pytest.fixture(scope="session")
def copied(notes_template: Template) -> ScratchDatabase:
    return notes_template.copy()


@pytest.fixture
def scratch(notes_template: Template, copied: ScratchDatabase) -> Iterator[ScratchDatabase]:
    yield copied
    notes_template.empty(copied)


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


@pytest.fixture
def app(database: Database, system_database: Database) -> Flask:
    return create_app(database=database, system_database=system_database, verifier=KnownCallers(CALLERS))


@dataclass
class Notes:
    """Sends requests as one of the known callers, and tells the service of customers as the queue would."""

    app: Flask
    database: Database

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        as_: str = "agent",
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> TestResponse:
        """One request; ``raw`` is sent as it is, ``body`` as JSON."""
        sent = {"Authorization": f"Bearer {as_}", **(headers or {})}
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
            return self.app.test_client().open(path, method=method, data=raw, headers=sent)
        return self.app.test_client().open(path, method=method, json=body, headers=sent)

    def hear(self, *events: Event) -> None:
        """Take these in, one publisher's."""
        with self.database.transaction(events[0].publisher_id) as session:
            Dispatcher(QUEUE, SUBSCRIPTIONS).dispatch(session, events[0].publisher_id, events)

    def customer(self, publisher_id: str = "pub_a", **state: Any) -> str:
        """A customer whom the service has heard of."""
        customer_id = new_id("cus")
        self.hear(told("created", customer_id, 1, publisher_id=publisher_id, **state))
        return customer_id

    def add(self, customer_id: str, text: str = "Called about the bill.", *, as_: str = "agent", **more: Any) -> Any:
        """A note; what the API answered."""
        answer = self.send("POST", "/v1/notes", {"customer_id": customer_id, "text": text, **more}, as_=as_)
        assert answer.status_code == 201, answer.text
        return answer.json

    def edit(self, note_id: str, *, as_: str = "agent", if_match: str = "*", **fields: Any) -> TestResponse:
        """An edit of a note."""
        return self.send("PATCH", f"/v1/notes/{note_id}", fields, as_=as_, headers={"If-Match": if_match})

    def of(self, customer_id: str, *, as_: str = "agent") -> list[dict[str, Any]]:
        """A customer's notes."""
        answer = self.send("GET", f"/v1/notes?customer_id={customer_id}", as_=as_)
        assert answer.status_code == 200, answer.text
        return list((answer.json or {})["items"])

    def summary(self, customer_id: str) -> dict[str, Any]:
        """How many notes, which flags."""
        answer = self.send("GET", f"/v1/notes/customers/{customer_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json or {})


@pytest.fixture
def notes(app: Flask, database: Database) -> Notes:
    return Notes(app, database)


@pytest.fixture
def ada(notes: Notes) -> str:
    """The ID of a customer."""
    return notes.customer(email="ada@example.com")


def told(what: str, customer_id: str, version: int, *, publisher_id: str = "pub_a", **state: Any) -> Event:
    """An event of the customers service."""
    data = {"id": customer_id, "email": None, "external_ids": [], "status": "active", **state}
    return Event(
        id=new_id("evt"),
        type=f"customers.customer.{what}.v1",
        source="/customers",
        subject=customer_id,
        time=THEN,
        publisher_id=publisher_id,
        aggregate_version=version,
        datasubject=customer_id,
        data=data,
    )


def outbox_of(system_database: Database) -> list[Event]:
    """What waits to be published, in order."""
    with system_database.transaction() as session:
        return [
            Event.from_json(payload) for payload in session.scalars(select(outbox.c.payload).order_by(outbox.c.seq))
        ]
