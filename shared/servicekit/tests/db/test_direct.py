"""Statements given to psycopg directly keep every promise of those that go through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from servicekit.db.database import Database, is_transient
from servicekit.db.ddl import consumer_v1, idempotency_v1
from servicekit.db.direct import Insert, Statement, execute_directly
from servicekit.db.tables import erased_subject, idempotency_key
from servicekit.testing.databases import Template, run_statements, template

NOW = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
KEPT_ANSWER = {
    "publisher_id": "pub_a",
    "actor_id": "key_1",
    "key": "k",
    "fingerprint": "f",
    "datasubject": None,
    "status": 201,
    "headers": {"ETag": '"1"', "Größe": 1},
    "body": "{}",
    "created_at": NOW,
}
_erase = Insert(erased_subject)


def erasing(subject: str, publisher_id: str = "pub_a") -> Statement:
    return _erase({"publisher_id": publisher_id, "subject": subject, "erased_at": NOW})


def erasing_unless_known(subject: str) -> Statement:
    statement = erasing(subject)
    return Statement(f"{statement.sql} ON CONFLICT DO NOTHING", statement.values)


def subjects(session: Session) -> list[str]:
    return list(session.scalars(select(erased_subject.c.subject).order_by(erased_subject.c.subject)))


@pytest.fixture(scope="module")
def direct_template() -> Iterator[Template]:
    with template("direct", run_statements(consumer_v1, idempotency_v1)) as made:
        yield made


@pytest.fixture
def app(direct_template: Template) -> Iterator[Database]:
    scratch = direct_template.copy()
    database = Database(scratch.urls.app, pool_size=2)
    yield database
    database.close()
    direct_template.drop(scratch)


def test_statements_are_carried_out_in_order_and_committed(app: Database) -> None:
    with app.transaction("pub_a") as session:
        written = execute_directly(session, [erasing("cus_1"), erasing("cus_2")])

    assert written == [1, 1]
    with app.transaction("pub_a") as session:
        assert subjects(session) == ["cus_1", "cus_2"]


def test_what_a_conflict_kept_out_is_told(app: Database) -> None:
    with app.transaction("pub_a") as session:
        execute_directly(session, [erasing("cus_1")])
        written = execute_directly(session, [erasing_unless_known("cus_1"), erasing_unless_known("cus_2")])

    assert written == [0, 1]


def test_nothing_to_carry_out_is_carried_out(app: Database) -> None:
    with app.transaction("pub_a") as session:
        assert execute_directly(session, []) == []
        assert subjects(session) == []


def test_every_kind_of_value_is_kept_as_sqlalchemy_reads_it(app: Database) -> None:
    with app.transaction("pub_a") as session:
        execute_directly(session, [Insert(idempotency_key)(KEPT_ANSWER)])

    with app.transaction("pub_a") as session:
        assert dict(session.execute(select(idempotency_key)).one()._mapping) == KEPT_ANSWER


def test_null_in_a_json_column_is_sqls(app: Database) -> None:
    with app.transaction("pub_a") as session:
        execute_directly(session, [Insert(idempotency_key)({**KEPT_ANSWER, "headers": None})])

        assert session.scalar(select(func.count()).where(idempotency_key.c.headers.is_(None))) == 1


def test_columns_that_are_not_given_are_the_servers(app: Database) -> None:
    given = {name: value for name, value in KEPT_ANSWER.items() if name not in ("status", "headers", "body")}
    with app.transaction("pub_a") as session:
        execute_directly(session, [Insert(idempotency_key)(given)])

        assert dict(session.execute(select(idempotency_key)).one()._mapping) == {
            **KEPT_ANSWER,
            "status": None,
            "headers": None,
            "body": None,
        }


def test_what_is_no_column_is_refused() -> None:
    with pytest.raises(KeyError):
        Insert(idempotency_key)({"key; DROP TABLE outbox": 1})


def test_a_failure_is_sqlalchemys_and_nothing_stays(app: Database) -> None:
    with pytest.raises(IntegrityError) as caught, app.transaction("pub_a") as session:
        execute_directly(session, [erasing("cus_1"), erasing("cus_1"), erasing("cus_2")])

    assert type(caught.value.orig).__name__ == "UniqueViolation"
    assert not is_transient(caught.value)
    with app.transaction("pub_a") as session:
        assert subjects(session) == []


def test_a_lost_connection_is_transient_and_is_not_used_again(app: Database) -> None:
    with pytest.raises(DBAPIError) as caught, app.transaction("pub_a") as session:
        execute_directly(
            session,
            [erasing("cus_1"), Statement("SELECT pg_terminate_backend(pg_backend_pid())", {}), erasing("cus_2")],
        )

    assert caught.value.connection_invalidated
    assert is_transient(caught.value)
    for _ in range(3):
        with app.transaction("pub_a") as session:
            assert subjects(session) == []


def directly(session: Session, subject: str) -> None:
    execute_directly(session, [erasing(subject)])


def by_sqlalchemy(session: Session, subject: str) -> None:
    session.execute(insert(erased_subject).values(publisher_id="pub_a", subject=subject, erased_at=NOW))


@pytest.mark.parametrize("first", [directly, by_sqlalchemy])
@pytest.mark.parametrize("second", [directly, by_sqlalchemy])
def test_a_transaction_is_the_publishers_from_its_first_statement_on(
    app: Database, first: Callable[[Session, str], None], second: Callable[[Session, str], None]
) -> None:
    with app.transaction("pub_a") as session:
        first(session, "cus_1")
        second(session, "cus_2")
        assert subjects(session) == ["cus_1", "cus_2"]

    with app.transaction("pub_b") as session:
        assert subjects(session) == []
    with app.transaction() as session:
        assert subjects(session) == []


@pytest.mark.parametrize("first", [directly, by_sqlalchemy])
def test_a_savepoint_that_is_rolled_back_leaves_the_transaction_the_publishers(
    app: Database, first: Callable[[Session, str], None]
) -> None:
    with app.transaction("pub_a") as session:
        with session.begin_nested() as savepoint:
            first(session, "cus_1")
            savepoint.rollback()
        directly(session, "cus_2")

        assert subjects(session) == ["cus_2"]


def test_another_publishers_row_is_refused(app: Database) -> None:
    with pytest.raises(DBAPIError, match="row-level security"), app.transaction("pub_a") as session:
        execute_directly(session, [erasing("cus_1", publisher_id="pub_b")])


def test_a_publisher_that_could_not_be_bound_is_bound_at_the_next_try(
    app: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.transaction("pub_a") as session:
        with monkeypatch.context() as patch:
            patch.setattr(session, "connection", _no_connection)
            with pytest.raises(TimeoutError):
                directly(session, "cus_1")
        directly(session, "cus_1")

        assert session.scalar(text("SELECT current_setting('app.publisher_id')")) == "pub_a"


def _no_connection() -> None:
    raise TimeoutError
