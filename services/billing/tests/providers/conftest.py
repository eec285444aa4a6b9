"""Every adapter of the port, each with what stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from servicekit.db.database import Database
from servicekit.db.roles import isolate
from servicekit.ids import new_id
from servicekit.testing.databases import Template, template
from services.billing.providers.sandbox_store import MemoryStore
from services.billing.providers.sandbox_table import TableStore, metadata
from services.billing.tests.providers.apple_world import AppleWorld, apple_world
from services.billing.tests.providers.google_world import GoogleWorld, google_world
from services.billing.tests.providers.stripe_world import StripeWorld, stripe_world
from services.billing.tests.providers.worlds import SandboxWorld, World, offered


def _create(name: str, url: str) -> None:
    made = Database(url)
    with made.engine.begin() as connection:
        metadata.create_all(connection)
        for statement in isolate(name, "sandbox_entry", app="SELECT, INSERT, UPDATE"):
            connection.exec_driver_sql(statement)
    made.close()


@pytest.fixture(scope="session")
def sandbox_template() -> Iterator[Template]:
    with template("sandbox", _create) as made:
        yield made


@pytest.fixture(scope="session")
def sandbox_database(sandbox_template: Template) -> Iterator[Database]:
    made = Database(sandbox_template.copy().urls.app, pool_size=5, overflow=20)
    yield made
    made.close()


_ADAPTERS = ("sandbox in memory", "sandbox in a table", "stripe", "apple", "google")
_SERVED: dict[str, Callable[[], AbstractContextManager[World]]] = {
    "stripe": stripe_world,
    "apple": apple_world,
    "google": google_world,
}


@pytest.fixture(params=_ADAPTERS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param in _SERVED:
        with _SERVED[request.param]() as made:
            yield made
    elif request.param == "sandbox in memory":
        yield SandboxWorld(MemoryStore())
    else:
        database: Database = request.getfixturevalue("sandbox_database")
        yield SandboxWorld(TableStore(database, new_id("pub")))


@pytest.fixture
def stripe() -> Iterator[StripeWorld]:
    with stripe_world() as made:
        yield made


@pytest.fixture
def google() -> Iterator[GoogleWorld]:
    with google_world() as made:
        yield made


@pytest.fixture
def apple() -> Iterator[AppleWorld]:
    with apple_world() as made:
        yield made


@pytest.fixture
def charging(world: World) -> World:
    offered(world.provider.capabilities.charge)
    return world


@pytest.fixture
def refunding(world: World) -> World:
    offered(world.provider.capabilities.refund)
    return world
