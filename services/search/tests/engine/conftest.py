"""The engines under test: each on a real server, in a database or an index of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest

from servicekit.db.database import Database
from servicekit.db.roles import share
from servicekit.testing.databases import Template
from servicekit.testing.servers import postgres_admin_url, require
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings, connect
from services.search.engine.port import Engine
from services.search.engine.postgres import PostgresEngine
from services.search.engine.postgres_tables import ddl, metadata


def create_tables(name: str, migrate_url: str) -> None:
    """What the service's migration does."""
    with psycopg.connect(migrate_url) as connection:
        for statement in ddl():
            connection.execute(statement.encode())
        for table in metadata.tables:
            for grant in share(name, table, app="SELECT, INSERT, UPDATE, DELETE"):
                connection.execute(grant.encode())


@contextmanager
def postgres_engine() -> Iterator[PostgresEngine]:
    """On a database that is dropped afterwards, with the rights that the service has; patient on a busy machine."""
    made = Template(postgres_admin_url(), "search_engine", create_tables)
    database = Database(made.urls(made.name).app)
    try:
        yield PostgresEngine(database.engine, seconds=60)
    finally:
        database.close()
        made.close()


@contextmanager
def opensearch_engine() -> Iterator[OpenSearchEngine]:
    """On an index that is deleted afterwards."""
    settings = OpenSearchSettings(require("OpenSearch"), prefix=f"test-{secrets.token_hex(4)}-")
    client = connect(settings)
    engine = OpenSearchEngine(settings, client)
    try:
        yield engine
    finally:
        client.indices.delete(index=f"{settings.prefix}*")
        client.close()


MAKERS: dict[str, Callable[[], AbstractContextManager[Engine]]] = {
    "postgres": postgres_engine,
    "opensearch": opensearch_engine,
}
ENGINES = ["postgres", pytest.param("opensearch", marks=pytest.mark.real("OpenSearch"))]


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Each engine in turn, ready to be used; shared by the tests, which each have publishers of their own."""
    with MAKERS[request.param]() as made:
        made.ensure()
        yield made


@pytest.fixture
def publisher_id() -> str:
    """A publisher that nobody else uses."""
    return f"pub_{secrets.token_hex(8)}"
