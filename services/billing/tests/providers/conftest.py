"""Every adapter of the port, each with what stands behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servicekit.db.database import Database
from servicekit.db.roles import isolate
from servicekit.ids import new_id
from servicekit.testing.databases import Template, template
from services.billing.providers.sandbox_store import MemoryStore
from services.billing.providers.sandbox_table import TableStore, metadata
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


@pytest.fixture(params=["sandbox in memory", "sandbox in a table"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "sandbox in memory":
        return SandboxWorld(MemoryStore())
    database: Database = request.getfixturevalue("sandbox_database")
    return SandboxWorld(TableStore(database, new_id("pub")))


@pytest.fixture
def charging(world: World) -> World:
    offered(world.provider.capabilities.charge)
    return world


@pytest.fixture
def refunding(world: World) -> World:
    offered(world.provider.capabilities.refund)
    return world
