"""A service of its own for each test, on a database used as the roles ``app`` and ``system``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from servicekit import clock
from servicekit.db.database import Database
from servicekit.db.migrate import migrate
from servicekit.testing.databases import ScratchDatabase, Template, template
from services.identity.actions import create_publisher
from services.identity.app import MIGRATIONS, create_app
from services.identity.exchange import Exchanger
from services.identity.models import Staff
from services.identity.settings import ServiceClient, Settings
from services.identity.signer import Signer

PASSWORD = "correct horse battery staple"
CLIENT_SECRET = "the search service's secret"


@pytest.fixture(scope="session")
def identity_template() -> Iterator[Template]:
    with template("idt", lambda _name, url: migrate(url, MIGRATIONS)) as made:
        yield made


@pytest.fixture
def scratch(identity_template: Template) -> Iterator[ScratchDatabase]:
    copy = identity_template.copy()
    yield copy
    identity_template.drop(copy)


@pytest.fixture
def database(scratch: ScratchDatabase) -> Iterator[Database]:
    database = Database(scratch.urls.app, pool_size=3)
    yield database
    database.close()


@pytest.fixture
def system_database(scratch: ScratchDatabase) -> Iterator[Database]:
    database = Database(scratch.urls.system, pool_size=3)
    yield database
    database.close()


@pytest.fixture
def settings(scratch: ScratchDatabase) -> Settings:
    return Settings(
        database=scratch.urls,
        secret="a secret of the tests, long enough",
        service_clients={
            "search": ServiceClient(
                hashlib.sha256(CLIENT_SECRET.encode()).hexdigest(), {"customers": frozenset({"customers:feed"})}
            )
        },
    )


@pytest.fixture
def signer(settings: Settings, system_database: Database) -> Signer:
    return Signer.from_settings(settings, system_database)


@pytest.fixture
def exchange(system_database: Database, signer: Signer) -> Exchanger:
    return Exchanger(system_database, signer)


@pytest.fixture
def app(settings: Settings, database: Database, system_database: Database, signer: Signer) -> Flask:
    return create_app(settings, database=database, system_database=system_database, signer=signer)


@dataclass
class Client:
    """Sends requests as the gateway would: the credential exchanged, the token presented."""

    app: Flask
    exchange: Exchanger
    credential: str | None = None

    def send(self, method: str, path: str, *, json: Any = None, headers: dict[str, str] | None = None) -> TestResponse:
        sent = dict(headers or {})
        if self.credential is not None:
            sent["Authorization"] = f"Bearer {self.exchange(self.credential)}"
        return self.app.test_client().open(path, method=method, json=json, headers=sent)

    def using(self, credential: str) -> Client:
        return Client(self.app, self.exchange, credential)


@pytest.fixture
def client(app: Flask, exchange: Exchanger) -> Client:
    return Client(app, exchange)


@pytest.fixture
def owner(database: Database) -> Staff:
    return make_owner(database, "owner@example.com")


@pytest.fixture
def signed_in(client: Client, owner: Staff) -> Client:
    answer = client.send("POST", "/v1/identity/token", json={"email": owner.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client.using(answer.json["access_token"])  # type: ignore[index]


def make_owner(database: Database, email: str, *, now: datetime | None = None) -> Staff:
    """A new publisher's owner."""
    with database.transaction() as session:
        return create_publisher(
            session,
            name="Weekly",
            owner_email=email,
            owner_name="Owner of the Weekly",
            password=PASSWORD,
            now=now or clock.now(),
        )
