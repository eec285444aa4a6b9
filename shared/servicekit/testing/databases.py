"""Databases for tests: provisioned with the three roles as in production, and copied from a template to be fast.

Tests use them as ``app`` and ``system``; the server's own superuser would pass every test of isolation.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from servicekit.db.roles import PARTS, DatabaseUrls, provision, role_name
from servicekit.testing.servers import postgres_admin_url

# Tables whose rows are made by the migrations: they are set back instead of emptied.
_KEPT: dict[str, LiteralString] = {
    "relay_shard": "UPDATE relay_shard SET owner = NULL, fence = 0, expires_at = '-infinity'",
    "event_log_sequencer": "UPDATE event_log_sequencer SET last_position = 0",
}


# Foreign keys and triggers rest meanwhile, so that the order of tables doesn't matter.
_EMPTY = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
        AND tablename NOT IN ('alembic_version', 'relay_shard', 'event_log_sequencer')
    LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    IF to_regclass('relay_shard') IS NOT NULL THEN
        UPDATE relay_shard SET owner = NULL, fence = 0, expires_at = '-infinity';
        UPDATE event_log_sequencer SET last_position = 0;
    END IF;
END $$
"""


@dataclass(frozen=True, slots=True)
class ScratchDatabase:
    """A database for one test or one module, and how its roles reach it."""

    name: str
    urls: DatabaseUrls

    def empty(self) -> None:
        """As it was copied from the template, as far as the template had nothing but migrations in it."""
        with psycopg.connect(self.urls.migrate) as connection:
            rows = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL(%s)",
                (["alembic_version", *_KEPT],),
            ).fetchall()
            tables = sql.SQL(", ").join(sql.Identifier(name) for (name,) in rows)
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
            for table, reset in _KEPT.items():
                if connection.execute("SELECT to_regclass(%s)", (table,)).fetchone() != (None,):
                    connection.execute(reset)


class Template:
    """A provisioned and migrated database that others are copied from. The copies share its roles."""

    def __init__(self, admin_url: str, prefix: str, migrate: Callable[[str, str], None]) -> None:
        """``migrate`` is called with the database's name and the address for its role ``migrate``."""
        self._admin_url = admin_url
        self.name = f"{prefix}_{secrets.token_hex(4)}"
        self._password = secrets.token_hex(16)
        provision(admin_url, self.name, dict.fromkeys(PARTS, self._password))
        migrate(self.name, self.urls(self.name).migrate)
        self._copies: list[str] = []

    def urls(self, database: str) -> DatabaseUrls:
        """Addresses of the template or of a copy."""
        base = make_url(self._admin_url).set(database=database, password=self._password)
        return DatabaseUrls(
            **{
                part: base.set(username=role_name(self.name, part)).render_as_string(hide_password=False)
                for part in PARTS
            }
        )

    def copy(self) -> ScratchDatabase:
        """A new database with everything that is in the template."""
        name = f"{self.name}_{len(self._copies)}"
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(self.name), sql.Identifier(role_name(self.name, "migrate"))
                )
            )
            self._copies.append(name)
            for part in PARTS:
                connection.execute(
                    sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                        sql.Identifier(name), sql.Identifier(role_name(self.name, part))
                    )
                )
        return ScratchDatabase(name, self.urls(name))

    def drop(self, copy: ScratchDatabase) -> None:
        """Drop one copy, whoever is still connected."""
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            _drop_database(connection, copy.name)
        self._copies.remove(copy.name)

    def empty(self, copy: ScratchDatabase) -> None:
        """Bring a copy back to what the template is: much faster than another copy."""
        url = make_url(self._admin_url).set(database=copy.name).render_as_string(hide_password=False)
        with psycopg.connect(url) as connection:
            connection.execute(_EMPTY)

    def close(self) -> None:
        """Drop the copies, the template and its roles."""
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            for name in [*self._copies, self.name]:
                _drop_database(connection, name)
            for part in PARTS:
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role_name(self.name, part))))


@contextmanager
def template(prefix: str, migrate: Callable[[str, str], None]) -> Iterator[Template]:
    """A template on the tests' server, dropped afterwards with everything made from it."""
    made = Template(postgres_admin_url(), prefix, migrate)
    try:
        yield made
    finally:
        made.close()


def run_statements(*builders: Callable[[str], Sequence[str]]) -> Callable[[str, str], None]:
    """A ``migrate`` for ``template`` that runs the kit's own statements, such as ``outbox_v1``."""

    def migrate(database: str, url: str) -> None:
        with psycopg.connect(url) as connection:
            for build in builders:
                for statement in build(database):
                    connection.execute(statement)

    return migrate


@contextmanager
def plain_database(prefix: str) -> Iterator[str]:
    """The address of an empty database with one owner, for what has no roles (the in-process bus)."""
    with template(prefix, lambda _name, _url: None) as made:
        yield made.urls(made.name).migrate


def _drop_database(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
