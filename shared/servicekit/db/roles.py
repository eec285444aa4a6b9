"""The three roles of a service's database, and row level security by publisher.

``<database>_migrate`` owns everything (under FORCE ROW LEVEL SECURITY it sees no rows either), ``<database>_app`` sees
one publisher at a time, ``<database>_system`` sees all publishers in the tables that are opened to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

PARTS = ("migrate", "app", "system")

# A process whose machine is gone, or that is stopped, must not hold its locks for hours. Migrations may think longer.
_KEEPALIVES = {"tcp_keepalives_idle": "15", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
_IDLE_IN_TRANSACTION = {"idle_in_transaction_session_timeout": "10s"}
_SETTINGS = {
    "migrate": _KEEPALIVES,
    "app": {**_KEEPALIVES, **_IDLE_IN_TRANSACTION},
    "system": {**_KEEPALIVES, **_IDLE_IN_TRANSACTION},
}


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where a service finds its database, for each of its roles."""

    migrate: str
    app: str
    system: str


def role_name(database: str, part: str) -> str:
    """The name of a database's role, e.g. ``ledger_app``."""
    return f"{database}_{part}"


def provision(admin_url: str, database: str, passwords: Mapping[str, str]) -> None:
    """Create a service's roles and database, or bring them to this state; doing it again changes nothing.

    ``admin_url`` needs CREATEDB and CREATEROLE, nothing more. ``passwords`` has one for each of ``PARTS``.
    """
    with psycopg.connect(admin_url, autocommit=True) as connection:
        # Several services provision at once: roles and databases are cluster-wide, so one at a time.
        connection.execute("SELECT pg_advisory_lock(7420001)")
        for part in PARTS:
            _ensure_role(connection, role_name(database, part), passwords[part])
            _set_limits(connection, role_name(database, part), _SETTINGS[part])
        _ensure_database(connection, database)


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}" if found else "CREATE ROLE {} LOGIN PASSWORD {}")
    connection.execute(verb.format(sql.Identifier(role), sql.Literal(password)))


def _set_limits(connection: psycopg.Connection, role: str, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(sql.Identifier(role), sql.Identifier(name), sql.Literal(value))
        )


def _ensure_database(connection: psycopg.Connection, database: str) -> None:
    owner = role_name(database, "migrate")
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone() is None:
        # Only a member of a role may give it a database (PostgreSQL 15 and 16 differ in who is one by default).
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(owner)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                sql.Identifier(database), sql.Identifier(owner)
            )
        )
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
    for part in PARTS:
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                sql.Identifier(database), sql.Identifier(role_name(database, part))
            )
        )


def isolate(database: str, table: str, *, app: str = "SELECT, INSERT, UPDATE, DELETE", system: str = "") -> list[str]:
    """Statements that put ``table`` under row level security by its column ``publisher_id``.

    ``app`` and ``system`` are the rights granted; with rights for ``system`` comes a policy that shows it every row.
    """
    app_role, system_role = role_name(database, "app"), role_name(database, "system")
    mine = "publisher_id = nullif(current_setting('app.publisher_id', true), '')"
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    ]
    if app:
        statements += [
            f"GRANT {app} ON {table} TO {app_role}",
            f"CREATE POLICY own_publisher ON {table} TO {app_role} USING ({mine}) WITH CHECK ({mine})",
        ]
    if system:
        statements += [
            f"GRANT {system} ON {table} TO {system_role}",
            f"CREATE POLICY every_publisher ON {table} TO {system_role} USING (true) WITH CHECK (true)",
        ]
    return statements


def share(database: str, table: str, *, app: str = "", system: str = "") -> list[str]:
    """Statements that grant rights on a table that belongs to no publisher (leases, positions)."""
    grants = []
    if app:
        grants.append(f"GRANT {app} ON {table} TO {role_name(database, 'app')}")
    if system:
        grants.append(f"GRANT {system} ON {table} TO {role_name(database, 'system')}")
    return grants
