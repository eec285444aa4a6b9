"""A database with an outbox, and a queue that the test decides about."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from servicekit.db.database import Database
from servicekit.db.ddl import audit_v1, consumer_v1, idempotency_v1, outbox_v1, outbox_v2
from servicekit.testing.databases import ScratchDatabase, Template, run_statements, template


@pytest.fixture(scope="package")
def relay_template() -> Iterator[Template]:
    with template("relay", run_statements(outbox_v1, outbox_v2, consumer_v1, idempotency_v1, audit_v1)) as made:
        yield made


@pytest.fixture(scope="package")
def shared_scratch(relay_template: Template) -> ScratchDatabase:
    return relay_template.copy()


@pytest.fixture
def scratch(shared_scratch: ScratchDatabase) -> ScratchDatabase:
    shared_scratch.empty()
    return shared_scratch


@pytest.fixture
def app(scratch: ScratchDatabase) -> Iterator[Database]:
    database = Database(scratch.urls.app, pool_size=3)
    yield database
    database.close()


@pytest.fixture
def system(scratch: ScratchDatabase) -> Iterator[Database]:
    database = Database(scratch.urls.system, pool_size=3)
    yield database
    database.close()


@pytest.fixture
def owner(scratch: ScratchDatabase) -> Iterator[psycopg.Connection]:
    """As the owner of the tables, for what no role may do in production (expire a lease, empty a table)."""
    with psycopg.connect(scratch.urls.migrate, autocommit=True) as connection:
        yield connection
