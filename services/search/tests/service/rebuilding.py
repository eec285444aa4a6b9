"""A search service of a test's own whose index is rebuilt, on each engine."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opensearchpy import OpenSearch
from sqlalchemy import text

from servicekit import faults
from servicekit.db.database import Database
from servicekit.ids import new_id
from servicekit.testing.databases import Template
from servicekit.testing.servers import require
from services.search.comparison import compare
from services.search.engine.opensearch import OpenSearchEngine, OpenSearchSettings
from services.search.publishers import all_publishers
from services.search.queries import reading
from services.search.rebuild import Options, Rebuilt, Watcher, rebuild
from services.search.tests.service.system import System, anonymized, publisher, told

POINTS = (
    "rebuild:creating", "rebuild:created", "rebuild:filling", "rebuild:written", "rebuild:noted", "rebuild:checking",
    "rebuild:checked", "rebuild:promoting", "rebuild:promoted", "rebuild:retiring", "rebuild:retired",
)  # fmt: skip


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def made_system(template: Template, engine: str) -> Iterator[System]:
    """On a database, and an index, of its own."""
    scratch = template.copy()
    prefix = f"test-{secrets.token_hex(4)}-"
    opensearch = engine == "opensearch"
    made = System(
        scratch.urls, OpenSearchEngine(OpenSearchSettings(require("OpenSearch"), prefix=prefix)) if opensearch else None
    )
    made.engine.ensure()
    try:
        yield made
    finally:
        made.close()
        template.drop(scratch)
        if opensearch:
            client = OpenSearch([require("OpenSearch")])
            client.indices.delete(index=f"{prefix}*")
            client.close()


def run(system: System, holder: str = "test", watcher: Watcher | None = None, **options: object) -> Rebuilt:
    """Rebuild its index, two customers at once."""
    chosen = Options(**{"batch": 2, "patience": 20.0, **options})  # type: ignore[arg-type]
    return rebuild(system.system_database, system.engine, holder, options=chosen, watcher=watcher)


def at(point: str, do: Callable[[], object], *, times: int = 1) -> None:
    """Do something when the rebuild gets to this point, the first so many times."""
    left = times

    def hook(reached: str) -> None:
        nonlocal left
        if reached == point and left:
            left -= 1
            do()

    faults.install(hook)


def killed_at(system: System, point: str) -> None:
    """A rebuild that dies there, as by kill -9: its hold is left behind, and has run out."""

    def die() -> None:
        raise Killed

    at(point, die)
    try:
        run(system, "killed")
    except Killed:
        pass
    else:
        raise AssertionError(f"{point} was never reached")
    finally:
        faults.install(None)
    system.expire_leases()


def assert_at_rest(system: System) -> None:
    """Nothing is left of a rebuild, and the index has everything as it should."""
    system.index()
    assert rows(system, "SELECT count(*) FROM index_rebuild") == [(0,)]
    assert rows(system, "SELECT name FROM search_target") == [("customers",)]
    assert len(system.engine.indices.in_service()) == 1
    assert system.engine.indices.spare() == []
    assert_right(system)


def assert_right(system: System) -> None:
    """The index in service has everybody of every publisher as it should."""
    for publisher_id in everyone(system.system_database):
        found = compare(system.app_database, system.engine, publisher_id)
        assert found.equal, found


def everyone(database: Database) -> list[str]:
    """The publishers that the projection knows."""
    with reading(database) as connection:
        return all_publishers(connection)


def rows(system: System, statement: str, **parameters: object) -> list[tuple[object, ...]]:
    """What a statement answers."""
    with system.system_database.transaction() as session:
        return [tuple(row) for row in session.execute(text(statement), parameters)]


def change(system: System, statement: str, **parameters: object) -> None:
    """Meddle with the database."""
    with system.system_database.transaction() as session:
        session.execute(text(statement), parameters)


def people(system: System, count: int = 7, publisher_id: str = "") -> tuple[str, list[str]]:
    """Some customers called Lovelace, and the index has them; the last one was erased."""
    mine, ids = publisher_id or publisher(), sorted(new_id("cus") for _ in range(count))
    system.tell(*(told(mine, customer_id, 1, last_name="Lovelace") for customer_id in ids))
    system.tell(anonymized(mine, ids[-1], 2))
    system.index()
    return mine, ids
