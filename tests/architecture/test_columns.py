"""Every column of every live table is declared, and says what becomes of it when its person is erased."""

from __future__ import annotations

import psycopg
import pytest

from tests.architecture.conftest import WITH_DATABASE, Migrated
from tools.discovery import Service
from tools.generate.places import PLACES
from tools.inventory import kind_of, kit_tables, own_tables


def _live_columns(url: str) -> dict[str, set[str]]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
    tables: dict[str, set[str]] = {}
    for table, column in rows:
        tables.setdefault(table, set()).add(column)
    del tables["alembic_version"]
    return tables


@pytest.mark.parametrize("service", WITH_DATABASE, ids=lambda service: service.name)
def test_live_columns_are_those_declared(service: Service, migrated: Migrated) -> None:
    declared = {**kit_tables(service), **own_tables(service)}
    live = _live_columns(migrated.copy(service).urls.migrate)
    assert live == {name: set(table.columns.keys()) for name, table in declared.items()}


@pytest.mark.parametrize("service", WITH_DATABASE, ids=lambda service: service.name)
def test_every_column_is_classified(service: Service) -> None:
    tables = {**kit_tables(service), **own_tables(service)}
    assert tables
    for table in tables.values():
        for column in table.columns:
            kind = kind_of(table, column.name)
            needs_reason = kind.startswith("keep")
            assert not needs_reason or column.info.get("reason"), f"{table.name}.{column.name} needs a reason"


def test_what_the_kit_keeps_of_a_person_is_in_the_list_of_other_places() -> None:
    listed = {place.column for place in PLACES}
    for service in WITH_DATABASE:
        for name, table in kit_tables(service).items():
            for column in table.columns:
                if kind_of(table, column.name) != "none":
                    assert f"{name}.{column.name}" in listed
