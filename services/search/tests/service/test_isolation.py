"""Publishers apart, although the projection's tables have no row level security."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

import services.search
from servicekit.ids import new_id
from services.search import projection, queries
from services.search.comparison import compare
from services.search.engine.errors import MissingPublisher
from services.search.inbound.reading import Told
from services.search.models import customer
from services.search.tests.service.system import System, publisher, told

HELPERS = ("of_publisher", "reading", "_one_of", "_with_state", "_as_owned")
READS: dict[str, tuple[Any, ...]] = {
    "customers": (["cus_1"],),
    "versions": (["cus_1"],),
    "customers_after": ("cus_1", 10),
    "transactions_after": ("txn_1", 10),
    "transactions_with": (["a"], 10),
    "rows_and_marks": (["cus_1", "txn_1"],),
    "findable": (),
    "findable_transactions": (),
    "customer_version": ("cus_1",),
    "holders": (["a"],),
}


@pytest.mark.parametrize("nobody", ["", " ", None])
def test_no_query_is_built_without_a_publisher(nobody: Any) -> None:
    with pytest.raises(MissingPublisher):
        queries.of_publisher(customer, nobody)


@pytest.mark.parametrize("read", READS)
def test_every_read_refuses_without_a_publisher(system: System, read: str) -> None:
    with system.app_database.transaction() as session, pytest.raises(MissingPublisher):
        list(getattr(queries, read)(session, "", *READS[read]) or ())


def test_every_read_is_among_those_tested_and_is_built_by_the_one_function() -> None:
    reads = {
        name: function
        for name, function in inspect.getmembers(queries, inspect.isfunction)
        if function.__module__ == queries.__name__ and name not in HELPERS
    }
    assert reads.keys() == READS.keys()
    for function in reads.values():
        source = inspect.getsource(function)
        assert "of_publisher(" in source
        assert "select(" not in source
        assert "text(" not in source


def test_tables_of_the_projection_are_named_in_few_places() -> None:
    """Whoever names one elsewhere would bypass the one function."""
    home = Path(inspect.getfile(services.search)).parent
    allowed = {"models.py", "projection.py", "dirty.py", "overtaking.py", "publishers.py", "queries.py"}
    allowed |= {"projected_transactions.py", "marks.py"}
    for path in home.glob("*.py"):
        literals = [
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
        ]
        names = any(f" {table} " in literal for literal in literals for table in ("search_customer", "identifier"))
        assert path.name in allowed or not (names and any("SELECT" in literal for literal in literals)), path.name


def test_writes_refuse_without_a_publisher(system: System) -> None:
    with system.app_database.transaction() as session:
        row = Told("customer", "cus_1", 1, {"id": "cus_1"})
        with pytest.raises(MissingPublisher):
            projection.project_customers(session, publisher_id="", told=[row])


def test_one_customer_id_at_two_publishers_stays_apart(system: System) -> None:
    mine, other, ada = publisher(), publisher(), new_id("cus")
    system.tell(told(mine, ada, 5, last_name="Lovelace", email="ada@example.com"))
    system.tell(told(other, ada, 2, last_name="Byron", email="byron@example.com"))
    system.index()
    assert system.found(mine, "Lovelace") == [ada]
    assert system.found(mine, "Byron") == []
    assert system.found(other, "Byron") == [ada]
    assert system.found(other, "ada@example.com") == []
    for whose in (mine, other):
        comparison = compare(system.app_database, system.engine, whose)
        assert (comparison.equal, comparison.index.customers) == (True, 1)


def test_the_kits_tables_are_isolated_by_the_database(system: System) -> None:
    mine, ada = publisher(), new_id("cus")
    system.tell(told(mine, ada, 1))
    for table in ("outbox", "event_log", "inbox", "parked_message", "erased_subject", "subject_alias"):
        with system.app_database.transaction() as session:
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
            assert session.execute(
                text("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = :name"),
                {"name": table},
            ).scalar_one()


def test_nothing_of_the_projection_is_ever_hard_deleted(system: System) -> None:
    for database in (system.app_database, system.system_database):
        with pytest.raises(ProgrammingError, match="permission denied"), database.transaction("pub_1") as session:
            session.execute(text("DELETE FROM search_customer"))
