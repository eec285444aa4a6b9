"""A consumer's database with a toy projection and a toy effect, and a bus in memory that remembers what came again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from servicekit import faults
from servicekit.db.database import Database
from servicekit.db.ddl import consumer_v1
from servicekit.db.roles import isolate
from servicekit.testing.databases import ScratchDatabase, Template, run_statements, template


def toy_tables(database: str) -> Sequence[str]:
    """A copy of others' state, and a list of what was done."""
    return [
        "CREATE TABLE copy (publisher_id text, subject text, version bigint, name text, PRIMARY KEY (subject))",
        "CREATE TABLE done (publisher_id text, number bigint GENERATED ALWAYS AS IDENTITY, event_id text, person text)",
        *isolate(database, "copy"),
        *isolate(database, "done"),
    ]


@pytest.fixture(scope="package")
def consumer_template() -> Iterator[Template]:
    with template("consumer", run_statements(consumer_v1, toy_tables)) as made:
        yield made


@pytest.fixture(scope="package")
def shared_scratch(consumer_template: Template) -> ScratchDatabase:
    return consumer_template.copy()


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
def install_faults() -> Iterator[Callable[[str], None]]:
    """Die (as SystemExit, which nothing in the kit catches) when the named point is reached."""

    def install(point: str) -> None:
        def die(reached: str) -> None:
            if reached == point:
                raise SystemExit(point)

        faults.install(die)

    yield install
    faults.install(None)
