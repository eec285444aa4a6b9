"""The billing service on a database that is empty before each test, used as the roles ``app`` and ``system``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from servicekit.db.database import Database
from servicekit.db.migrate import migrate
from servicekit.db.tables import outbox
from servicekit.events import Event
from servicekit.ids import new_id
from servicekit.testing.callers import KnownCallers, api_key, service
from servicekit.testing.databases import ScratchDatabase, Template, template
from services.billing.actions.people import take_customers
from services.billing.app import MIGRATIONS, create_app
from services.billing.execution.executor import Executor
from services.billing.inbound import CustomerTold
from services.billing.providers.registry import Providers
from services.billing.settings import Settings
from services.billing.tests.consistency import broken_rules

ALL = ("billing:read", "billing:write", "billing:manage", "billing:import", "personal:read")
CALLERS = {
    "a": api_key("pub_a", ALL, "Key of A"),
    "b": api_key("pub_b", ALL, "Key of B"),
    "agent": api_key("pub_a", ("billing:read", "billing:write", "personal:read")),
    "reader": api_key("pub_a", ("billing:read", "personal:read")),
    "masked": api_key("pub_a", ("billing:read",)),
    "search": service("search", ("billing:feed",)),
    "customers": service("customers", ("billing:close",)),
}


@pytest.fixture(scope="session")
def billing_template() -> Iterator[Template]:
    with template("bill", lambda _name, url: migrate(url, MIGRATIONS)) as made:
        yield made


@pytest.fixture(scope="session")
def copied(billing_template: Template) -> ScratchDatabase:
    return billing_template.copy()


@pytest.fixture
def scratch(billing_template: Template, copied: ScratchDatabase) -> Iterator[ScratchDatabase]:
    yield copied
    billing_template.empty(copied)


@pytest.fixture
def database(scratch: ScratchDatabase) -> Iterator[Database]:
    made = Database(scratch.urls.app, pool_size=8, overflow=24)
    yield made
    made.close()


@pytest.fixture
def system_database(scratch: ScratchDatabase) -> Iterator[Database]:
    made = Database(scratch.urls.system, pool_size=3)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def consistent(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did through the database: what has to hold there holds at its end."""
    if not {"api", "scratch"} & set(request.fixturenames):
        yield
        return
    system_database: Database = request.getfixturevalue("system_database")
    yield
    assert broken_rules(system_database) == {}


@pytest.fixture
def providers(database: Database) -> Providers:
    return Providers(database)


@pytest.fixture
def executor(database: Database, system_database: Database, providers: Providers) -> Executor:
    return Executor(database, system_database, providers.of)


@pytest.fixture
def app(scratch: ScratchDatabase, database: Database, system_database: Database, providers: Providers) -> Flask:
    return create_app(
        Settings(database=scratch.urls),
        database=database,
        system_database=system_database,
        verifier=KnownCallers(CALLERS),
        providers=providers,
    )


@dataclass
class Api:
    """Sends requests as one of the known callers, by default publisher A's key."""

    app: Flask
    database: Database

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        as_: str = "a",
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """One request below ``/v1/billing``, ``body`` as JSON."""
        sent = {"Authorization": f"Bearer {as_}", **(headers or {})}
        return self.app.test_client().open(f"/v1/billing/{path}", method=method, json=body, headers=sent)

    def ok(self, method: str, path: str, body: Any = None, *, as_: str = "a") -> dict[str, Any]:
        """One request that has to succeed; what was answered."""
        headers = {"If-Match": "*"} if method == "PATCH" else {}
        answer = self.send(method, path, body, as_=as_, headers=headers)
        assert answer.status_code in (200, 201, 202), answer.text
        return dict(answer.json or {})

    def customer(self, *, publisher_id: str = "pub_a", customer_id: str | None = None, **told: Any) -> str:
        """A customer that the customers service has told of; their ID."""
        customer_id = customer_id or new_id("cus")
        email = told.setdefault("email", f"{customer_id}@example.com")
        identities = [("email", email)] if email else []
        with self.database.transaction(publisher_id) as session:
            take_customers(
                session,
                publisher_id=publisher_id,
                told=[CustomerTold(customer_id, 1, told, identities)],
            )
        return customer_id

    def offer(self, *, as_: str = "a", **fields: Any) -> dict[str, Any]:
        """An offer: a subscription at 9.99 EUR a month, unless said otherwise."""
        monthly = {
            "name": "Premium, monthly",
            "kind": "subscription",
            "price": {"amount_minor": 999, "currency": "EUR"},
            "tax_percent": "19",
            "period": {"unit": "month", "count": 1},
        }
        return self.ok("POST", "offers", {**monthly, **fields}, as_=as_)

    def method(self, customer_id: str, token: str = "tok_visa", **more: Any) -> dict[str, Any]:  # noqa: S107
        """Payment details at the sandbox."""
        return self.ok(
            "POST", "payment_methods", {"customer_id": customer_id, "provider": "sandbox", "token": token, **more}
        )

    def buy(self, customer_id: str, offer_id: str, **more: Any) -> dict[str, Any]:
        """A purchase; transaction and subscription."""
        return self.ok("POST", "purchases", {"customer_id": customer_id, "offer_id": offer_id, **more})

    def account(self, customer_id: str) -> dict[str, Any]:
        """A customer's billing account."""
        return self.ok("GET", f"customers/{customer_id}/account")


def code_of(answer: TestResponse) -> str:
    """The code of a problem."""
    return str((answer.json or {}).get("code"))


@pytest.fixture
def api(app: Flask, database: Database) -> Api:
    return Api(app, database)


def outbox_of(system_database: Database) -> list[Event]:
    """What waits to be published, in order."""
    with system_database.transaction() as session:
        return [
            Event.from_json(payload) for payload in session.scalars(select(outbox.c.payload).order_by(outbox.c.seq))
        ]


@pytest.fixture
def world(api: Api, database: Database, system_database: Database, executor: Executor) -> Iterator[Any]:
    from services.billing.tests.renewing import standing_still

    with standing_still(api, database, system_database, executor) as made:
        yield made
