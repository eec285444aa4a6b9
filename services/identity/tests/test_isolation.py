"""Publishers are apart in the database itself, whatever a query forgets."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from servicekit import clock
from servicekit.db.database import Database
from servicekit.db.tables import metadata as kit_metadata
from services.identity.actions import begin_session, create_api_key, set_preferences
from services.identity.models import (
    ApiKey,
    Base,
    Publisher,
    SignInAttempt,
    SigningKey,
    SignInPlace,
    Staff,
    StaffPreferences,
    StaffSession,
)
from services.identity.roles import PUBLISHER_SCOPES
from services.identity.tests.conftest import make_owner

SEEN_BY_SYSTEM = (Publisher, Staff, ApiKey, StaffSession)
OWNED = (*SEEN_BY_SYSTEM, StaffPreferences)


@pytest.fixture
def two(database: Database) -> tuple[Staff, Staff]:
    """The owners of two publishers, each with a key and a session."""
    owners = make_owner(database, "one@example.com"), make_owner(database, "two@example.com")
    for owner in owners:
        with database.transaction(owner.publisher_id) as session:
            create_api_key(
                session,
                publisher_id=owner.publisher_id,
                name="Key",
                scopes=["customers:read"],
                grantable=frozenset(PUBLISHER_SCOPES),
                created_by=owner.id,
                now=owner.created_at,
            )
            set_preferences(
                session,
                publisher_id=owner.publisher_id,
                staff_id=owner.id,
                document={"theme": "dark"},
                expected_version=None,
                now=owner.created_at,
            )
            begin_session(session, staff=owner, lifetime=owner.created_at - owner.created_at, now=owner.created_at)
    return owners


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("table", OWNED, ids=lambda table: table.__tablename__)
def test_without_a_publisher_nothing_is_seen(database: Database, table: type[Base]) -> None:
    with database.transaction() as session:
        assert session.scalars(select(table)).all() == []
    with database.transaction("") as session:
        assert session.scalars(select(table)).all() == []


@pytest.mark.parametrize("table", OWNED, ids=lambda table: table.__tablename__)
def test_a_publisher_sees_its_own_only(database: Database, two: tuple[Staff, Staff], table: type[Base]) -> None:
    for owner in two:
        with database.transaction(owner.publisher_id) as session:
            rows = session.scalars(select(table)).all()
        assert [row.publisher_id for row in rows] == [owner.publisher_id]  # type: ignore[attr-defined]


def test_a_publisher_can_neither_write_nor_change_anothers(database: Database, two: tuple[Staff, Staff]) -> None:
    mine, theirs = two
    with database.transaction(mine.publisher_id) as session:
        touched = session.execute(update(Staff).where(Staff.id == theirs.id).values(role="viewer")).rowcount  # type: ignore[attr-defined]
        assert touched == 0
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        database.transaction(mine.publisher_id) as session,
    ):
        session.execute(insert(Publisher).values(publisher_id="pub_x", name="X", created_at=clock.now()))
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        database.transaction(mine.publisher_id) as session,
    ):
        session.execute(update(Staff).where(Staff.id == mine.id).values(publisher_id=theirs.publisher_id))


@pytest.mark.parametrize("table", SEEN_BY_SYSTEM, ids=lambda table: table.__tablename__)
def test_the_system_role_sees_all_and_changes_nothing(
    system_database: Database, two: tuple[Staff, Staff], table: type[Base]
) -> None:
    with system_database.transaction() as session:
        assert len(session.scalars(select(table)).all()) == len(two)
    for statement in (update(table).values(publisher_id="pub_x"), delete(table)):
        with pytest.raises(ProgrammingError, match="permission denied"), system_database.transaction() as session:
            session.execute(statement)


def test_the_system_role_does_not_see_preferences(system_database: Database) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), system_database.transaction() as session:
        session.execute(select(StaffPreferences))


def test_the_app_role_never_sees_signing_keys(database: Database) -> None:
    for table in (SigningKey, SignInAttempt, SignInPlace):
        with pytest.raises(ProgrammingError, match="permission denied"), database.transaction() as session:
            session.execute(select(table))


def test_the_models_are_the_tables(system_database: Database) -> None:
    """Every table in the database is described, column for column, so that each column is classified."""
    with system_database.transaction() as session:
        found = session.execute(
            text(
                "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
                "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 "
                "AND NOT a.attisdropped AND c.relname <> 'alembic_version'"
            )
        ).all()
    described = {
        (table.name, column.name)
        for metadata in (Base.metadata, kit_metadata)
        for table in metadata.tables.values()
        for column in table.columns
        if metadata is Base.metadata or table.name in ("idempotency_key", "audit_entry")
    }
    assert {(row.relname, row.attname) for row in found} == described
