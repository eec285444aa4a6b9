"""Publishers are kept apart by the database itself, and each role can do what it is for and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from servicekit.testing.servers import postgres_admin_url
from tests.architecture.conftest import WITH_DATABASE, Migrated
from tools.discovery import Service
from tools.inventory import kit_tables, own_tables

# Row level security would cost the projection its indexes (see docs/decisions): there it is the one function that
# builds every query which keeps publishers apart, with tests of its own.
_WITHOUT_ROW_SECURITY = {"search"}
_VALUES: dict[str, LiteralString] = {
    "boolean": "true", "jsonb": "'{}'", "bytea": "'x'", "date": "'2026-01-01'",
    "timestamp with time zone": "now()", "numeric": "1",
}  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """A database in which every publisher's table has a row of each of two publishers."""

    urls: Any
    tables: list[str]


@pytest.fixture(scope="module", params=WITH_DATABASE, ids=lambda service: service.name)
def filled(request: pytest.FixtureRequest, migrated: Migrated) -> Filled:
    service: Service = request.param
    scratch = migrated.copy(service)
    tables = _tables_of_publishers(service)
    admin = make_url(postgres_admin_url()).set(database=scratch.name).render_as_string(hide_password=False)
    with psycopg.connect(admin) as connection:
        connection.execute("SET session_replication_role = replica")  # foreign keys rest
        for table in tables:
            for publisher in ("pub_a", "pub_b"):
                _insert(connection, table, publisher)
    return Filled(scratch.urls, tables)


def test_there_is_something_to_keep_apart(filled: Filled) -> None:
    assert filled.tables


def test_every_table_of_publishers_forces_row_security(filled: Filled) -> None:
    with psycopg.connect(filled.urls.migrate) as connection:
        rows = connection.execute(
            "SELECT relname, relrowsecurity AND relforcerowsecurity, "
            "(SELECT count(*) FROM pg_policy WHERE polrelid = pg_class.oid) FROM pg_class WHERE relname = ANY(%s)",
            (filled.tables,),
        ).fetchall()
    assert len(rows) == len(filled.tables)
    assert [name for name, forced, policies in rows if not forced or not policies] == []


def test_without_a_publisher_no_row_is_visible(filled: Filled) -> None:
    with _as(filled.urls.app) as connection:
        for table in filled.tables:
            assert _visible(connection, table) in (set(), None), table


def test_a_publisher_sees_its_own_rows_only(filled: Filled) -> None:
    seen = {}
    with _as(filled.urls.app, publisher="pub_a") as connection:
        for table in filled.tables:
            seen[table] = _visible(connection, table)
    assert {"pub_a"} in seen.values()
    assert [table for table, publishers in seen.items() if publishers not in ({"pub_a"}, None)] == []


def test_the_publisher_is_forgotten_with_the_transaction(filled: Filled) -> None:
    with psycopg.connect(filled.urls.app) as connection:
        connection.execute("SELECT set_config('app.publisher_id', 'pub_a', true)")
        connection.commit()
        for table in filled.tables:
            assert _visible(connection, table) in (set(), None), table


def test_a_publisher_can_neither_write_nor_take_over_rows_of_another(filled: Filled) -> None:
    with _as(filled.urls.app, publisher="pub_a") as connection:
        for table in filled.tables:
            moved = sql.SQL("UPDATE {} SET publisher_id = 'pub_b'").format(sql.Identifier(table))
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(moved)
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                _insert(connection, table, "pub_b")


def test_the_owner_of_the_tables_sees_no_rows_either(filled: Filled) -> None:
    with _as(filled.urls.migrate) as connection:
        for table in filled.tables:
            assert _visible(connection, table) == set(), table


def test_the_system_role_sees_every_publisher_where_it_sees_anything(filled: Filled) -> None:
    with _as(filled.urls.system) as connection:
        for table in filled.tables:
            assert _visible(connection, table) in ({"pub_a", "pub_b"}, None), table


def test_no_working_role_can_change_the_schema_or_lift_the_rules(filled: Filled) -> None:
    with psycopg.connect(filled.urls.migrate) as connection:
        rows = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname ~ %s AND (rolsuper OR rolbypassrls OR rolcreaterole)",
            (f"^{connection.info.user.removesuffix('_migrate')}_",),
        ).fetchall()
    assert rows == []
    for url in (filled.urls.app, filled.urls.system):
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")


def _tables_of_publishers(service: Service) -> list[str]:
    tables = kit_tables(service)
    if service.name not in _WITHOUT_ROW_SECURITY:
        tables = {**tables, **own_tables(service)}
    return sorted(name for name, table in tables.items() if "publisher_id" in table.columns)


@contextmanager
def _as(url: str, *, publisher: str | None = None) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url) as connection:
        if publisher is not None:
            connection.execute("SELECT set_config('app.publisher_id', %s, true)", (publisher,))
        yield connection
        connection.rollback()


def _visible(connection: psycopg.Connection, table: str) -> set[str] | None:
    """Whose rows this role sees; None if it may not read the table at all."""
    query = sql.SQL("SELECT publisher_id FROM {}").format(sql.Identifier(table))
    try:
        with connection.transaction():
            return {publisher for (publisher,) in connection.execute(query).fetchall()}
    except psycopg.errors.InsufficientPrivilege:
        return None


def _insert(connection: psycopg.Connection, table: str, publisher: str) -> None:
    """A row with some value in every column without a default; text and numbers differ between publishers."""
    columns = connection.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
        "AND NOT atthasdef AND attidentity = ''",
        (table,),
    ).fetchall()
    values = [_value(kind, publisher) for _name, kind in columns]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(sql.Identifier(name) for name, _kind in columns),
        sql.SQL(", ").join(values),
    )
    connection.execute(statement)


def _value(kind: str, publisher: str) -> sql.Composable:
    if kind == "text":
        return sql.Literal(publisher)
    if kind in ("bigint", "integer", "smallint"):
        return sql.Literal(1 if publisher == "pub_a" else 2)
    if kind.endswith("[]"):
        return sql.SQL("'{}'")
    return sql.SQL(_VALUES[kind])
