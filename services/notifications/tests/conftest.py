"""The notifications service on a database that is empty before each test, and a mail server in the test's process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from servicekit.db.database import Database
from servicekit.db.migrate import migrate
from servicekit.db.tables import outbox
from servicekit.dispatch import Dispatcher
from servicekit.events import Event
from servicekit.ids import new_id
from servicekit.testing.callers import KnownCallers, api_key
from servicekit.testing.databases import ScratchDatabase, Template, template
from services.notifications.app import MIGRATIONS, create_app
from services.notifications.delivery.port import Outgoing
from services.notifications.delivery.sender import Sender
from services.notifications.errors import InvoiceNotFound
from services.notifications.handlers import QUEUE, subscriptions
from services.notifications.models import Email
from services.notifications.schedule import Scheduler
from services.notifications.settings import MailDefaults, Settings

MAIL = MailDefaults(from_address="service@mail.example", from_name="Example Service", sender_domains=("mail.example",))
ALL = (
    "notifications:read", "notifications:write", "notifications:manage", "notifications:bounces", "personal:read",
    "billing:read",
)  # fmt: skip
CALLERS = {
    "a": api_key("pub_a", ALL, "Key of A"),
    "b": api_key("pub_b", ALL, "Key of B"),
    "masked": api_key("pub_a", ("notifications:read", "notifications:write", "notifications:manage", "billing:read")),
    "mails": api_key("pub_a", ("notifications:read", "personal:read")),
}
_numbers = count()


@dataclass
class Clock:
    """A time that tests move."""

    now: datetime = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **spans: float) -> None:
        """Let time pass."""
        self.now += timedelta(**spans)


@dataclass
class ScriptedTransport:
    """A transport whose every answer the test decides: an exception to raise, or None for a mail taken."""

    answers: list[Exception | None] = field(default_factory=list)
    taken: list[Outgoing] = field(default_factory=list)

    def send(self, mail: Outgoing) -> None:
        """As the port says."""
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.taken.append(mail)

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture(scope="session")
def notifications_template() -> Iterator[Template]:
    with template("noti", lambda _name, url: migrate(url, MIGRATIONS)) as made:
        yield made


@pytest.fixture(scope="session")
def copied(notifications_template: Template) -> ScratchDatabase:
    return notifications_template.copy()


@pytest.fixture
def scratch(notifications_template: Template, copied: ScratchDatabase) -> Iterator[ScratchDatabase]:
    yield copied
    notifications_template.empty(copied)


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
class Invoices:
    """Billing, as notifications asks it for an invoice: publisher A's, by their IDs."""

    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def find(self, publisher_id: str, invoice_id: str) -> dict[str, Any]:
        """As the protocol says."""
        if publisher_id != "pub_a" or invoice_id not in self.known:
            raise InvoiceNotFound
        return self.known[invoice_id]


@pytest.fixture
def billing() -> Invoices:
    return Invoices()


@pytest.fixture
def app(scratch: ScratchDatabase, database: Database, billing: Invoices) -> Flask:
    return create_app(
        Settings(database=scratch.urls, mail=MAIL),
        database=database,
        verifier=KnownCallers(CALLERS),
        invoices=billing,
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
        """One request below /v1/notifications; ``raw`` is sent as it is, ``body`` as JSON."""
        sent = {"Authorization": f"Bearer {as_}", **(headers or {})}
        client = self.app.test_client()
        if raw is not None:
            sent.setdefault("Content-Type", "message/rfc822")
            return client.open(f"/v1/notifications{path}", method=method, data=raw, headers=sent)
        return client.open(f"/v1/notifications{path}", method=method, json=body, headers=sent)

    def get(self, path: str, *, as_: str = "a") -> Any:
        """The JSON at this address; it must be there."""
        answer = self.send("GET", path, as_=as_)
        assert answer.status_code == 200, answer.text
        return answer.json

    def set(self, as_: str = "a", **settings: Any) -> None:
        """Change mail settings."""
        answer = self.send("PATCH", "/settings", settings, headers={"If-Match": "*"}, as_=as_)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def api(app: Flask) -> Api:
    return Api(app)


@dataclass
class World:
    """The service without its queue: events go in, mails go out by ``transport``."""

    app: Database
    system: Database
    transport: ScriptedTransport
    clock: Clock

    @property
    def sender(self) -> Sender:
        """A sender of its own each time, as after a restart."""
        return Sender(self.app, self.system, self.transport, sender_id=f"s{next(_numbers)}", now=self.clock)

    @property
    def scheduler(self) -> Scheduler:
        """What looks at the calendar."""
        return Scheduler(self.app, self.system, defaults=MAIL, now=self.clock)

    def take(self, *events: Event, publisher_id: str = "pub_a") -> None:
        """Have events handled, in one transaction."""
        with self.app.transaction(publisher_id) as session:
            Dispatcher(QUEUE, subscriptions(MAIL)).dispatch(session, publisher_id, events)

    def customer(self, publisher_id: str = "pub_a", **fields: Any) -> str:
        """A new customer, of whom the service is told; their ID."""
        event = created(publisher_id=publisher_id, **fields)
        self.take(event, publisher_id=publisher_id)
        return event.subject

    def emails(self, publisher_id: str = "pub_a", **wanted: Any) -> list[Email]:
        """The log, oldest first."""
        with self.app.transaction(publisher_id) as session:
            return list(session.scalars(select(Email).filter_by(**wanted).order_by(Email.created_at, Email.id)))

    def published(self) -> list[Event]:
        """What waits to be published, in order."""
        with self.system.transaction() as session:
            payloads = session.scalars(select(outbox.c.payload).order_by(outbox.c.seq)).all()
        return [Event.from_json(payload) for payload in payloads]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("servicekit.clock.now", made)
    return made


@pytest.fixture
def world(database: Database, system_database: Database, clock: Clock) -> World:
    return World(database, system_database, ScriptedTransport(), clock)


def event(kind: str, subject: str, data: dict[str, Any], *, publisher_id: str = "pub_a", **more: Any) -> Event:
    """An event as another service publishes it."""
    given = {
        "id": new_id("evt"),
        "source": f"/{kind.partition('.')[0]}",
        "time": datetime(2026, 3, 12, 9, 30, tzinfo=UTC),
        "aggregate_version": 1,
        "datasubject": subject,
        **more,
    }
    return Event(type=kind, subject=subject, publisher_id=publisher_id, data=data, **given)


def created(publisher_id: str = "pub_a", version: int = 1, **fields: Any) -> Event:
    """A customer was created."""
    customer_id = str(fields.pop("id", None) or new_id("cus"))
    data = {
        "id": customer_id,
        "email": "anna@example.com",
        "first_name": "Anna",
        "last_name": "Müller",
        "company": None,
        "language": "en",
        "registered_at": "2026-03-12T09:30:00Z",
        "imported": False,
        "external_ids": [{"source": "publisher", "id": "C-1"}],
        **fields,
    }
    return event(
        "customers.customer.created.v1", customer_id, data, publisher_id=publisher_id, aggregate_version=version
    )


def edited(customer_id: str, version: int, **fields: Any) -> Event:
    """A customer was edited."""
    made = created(id=customer_id, version=version, **fields)
    return event("customers.customer.edited.v1", customer_id, made.data, aggregate_version=version)


def anonymized(customer_id: str, version: int = 9) -> Event:
    """A customer was anonymized."""
    data = {"id": customer_id, "email": None, "status": "anonymized"}
    return event("customers.customer.anonymized.v1", customer_id, data, aggregate_version=version)
