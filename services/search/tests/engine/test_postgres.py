"""What only the engine on PostgreSQL promises."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from servicekit.db.database import Database
from servicekit.testing.databases import Template
from servicekit.testing.servers import postgres_admin_url
from services.search.documents import tombstone
from services.search.engine.errors import EngineRefused, EngineUnavailable
from services.search.engine.indices import IN_SERVICE
from services.search.engine.port import Engine, IndexEntry
from services.search.engine.postgres import PostgresEngine
from services.search.engine.postgres_tables import metadata
from services.search.engine.postgres_words import behind_prefix
from services.search.engine.postgres_write import sweep, write_chunk
from services.search.tests.engine.conftest import create_tables
from services.search.tests.engine.helpers import document, fill, ids, parse
from services.search.text import NORMALIZER_VERSION


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    made = Template(postgres_admin_url(), "search_engine", create_tables)
    opened = Database(made.urls(made.name).app)
    yield opened
    opened.close()
    made.close()


@pytest.fixture
def postgres(database: Database) -> PostgresEngine:
    return PostgresEngine(database.engine)


def rows(database: Database, table: str) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def empty(database: Database) -> None:
    with database.engine.begin() as connection:
        for table in metadata.tables:
            connection.execute(text(f"DELETE FROM {table}"))


def people(publisher_id: str) -> list[IndexEntry]:
    return [
        document(publisher_id, f"cus_{n}", first_name="Natalie", last_name=f"Name{n}", email=f"n{n}@mail.example")
        for n in range(30)
    ]


def test_no_word_of_those_who_left_stays(postgres: PostgresEngine, database: Database, publisher_id: str) -> None:
    """Words are personal data: with the last customer who has one it goes."""
    empty(database)
    fill(postgres, people(publisher_id))
    fill(postgres, [tombstone(publisher_id, f"cus_{n}", doc_version=2) for n in range(30)])
    assert {table: rows(database, table) for table in metadata.tables} == {
        "search_document": 30,
        "search_index": 0,
        "search_leftover": 0,
        "search_posting": 0,
        "search_transaction_document": 0,
        "search_transaction_token": 0,
        "search_typo": 0,
        "search_word": 0,
    }


def test_writers_at_once_leave_no_word_behind_and_lose_none(
    postgres: PostgresEngine, database: Database, publisher_id: str
) -> None:
    empty(database)

    def churn(writer: int) -> None:
        for version in range(1, 16):
            names = [f"Word{(writer * version + n) % 5}" for n in range(4)]
            postgres.write(
                [document(publisher_id, f"cus_{writer}_{n}", version=version, first_name=names[n]) for n in range(4)]
            )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(churn, range(4)))
    words = "SELECT number FROM search_word", "SELECT word FROM search_posting"
    for left, right in (words, words[::-1]):
        with database.engine.connect() as connection:
            assert connection.execute(text(f"{left} EXCEPT {right}")).all() == []
    assert rows(database, "search_leftover") == 0
    for writer in range(4):
        for n in range(4):
            assert f"cus_{writer}_{n}" in ids(postgres, publisher_id, f"Word{(writer * 15 + n) % 5}")


def test_a_word_that_many_drop_at_once_goes(postgres: PostgresEngine, database: Database, publisher_id: str) -> None:
    """Neither transaction sees that the other's are the last ones."""
    empty(database)
    fill(postgres, [document(publisher_id, f"cus_{n:03}", last_name="Shared") for n in range(60)])
    erased = [tombstone(publisher_id, f"cus_{n:03}", doc_version=2) for n in range(60)]
    with database.engine.connect() as one, database.engine.connect() as other:
        write_chunk(one, erased[:30])
        write_chunk(other, erased[30:])
        one.commit()
        with database.engine.begin() as sweeping:
            sweep(sweeping)
        other.commit()
    postgres.maintain()
    assert (rows(database, "search_word"), rows(database, "search_leftover")) == (0, 0)


def test_what_a_killed_sweep_left_goes_at_the_next_maintenance(
    postgres: PostgresEngine, database: Database, publisher_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty(database)
    fill(
        postgres,
        [document(publisher_id, "cus_1", last_name="Canary"), document(publisher_id, "cus_2", last_name="Ulm")],
    )
    monkeypatch.setattr("services.search.engine.postgres.sweep", lambda _connection: None)
    fill(postgres, [tombstone(publisher_id, "cus_1", doc_version=2)])
    monkeypatch.undo()
    assert postgres.search(publisher_id, parse("ulm"), limit=1).total.value == 1
    with database.engine.connect() as connection:
        words = text("SELECT word FROM search_word ORDER BY word")
        assert "canary" in connection.execute(words).scalars().all()
        postgres.maintain()
        assert connection.execute(words).scalars().all() == ["\x012", "\x01cus_2", "ulm"]


def test_sweeping_waits_for_nobody_who_takes_up_a_word_in_use(
    postgres: PostgresEngine, database: Database, publisher_id: str
) -> None:
    empty(database)
    fill(postgres, [document(publisher_id, f"cus_{n}", address={"city": "Ulm"}) for n in range(3)])
    with database.engine.connect() as writing:
        write_chunk(writing, [document(publisher_id, "cus_9", address={"city": "Ulm"})])
        with database.engine.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '2s'"))
            write_chunk(other, [tombstone(publisher_id, "cus_0", doc_version=2)])
        with database.engine.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '2s'"))
            sweep(other)
        writing.commit()
    assert sorted(ids(postgres, publisher_id, "Ulm")) == ["cus_1", "cus_2", "cus_9"]
    assert rows(database, "search_leftover") == 0


def test_tables_that_are_missing_are_refused_until_made(publisher_id: str) -> None:
    made = Template(postgres_admin_url(), "search_engine", lambda _name, _url: None)
    app, owner = Database(made.urls(made.name).app), Database(made.urls(made.name).migrate)
    try:
        with pytest.raises(EngineRefused):
            PostgresEngine(app.engine).ping()
        with pytest.raises(EngineRefused):
            PostgresEngine(app.engine).ensure()
        engine = PostgresEngine(owner.engine)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: engine.ensure(), range(4)))
        engine.ping()
        fill(engine, people(publisher_id))
        engine.ensure()
        assert engine.count(publisher_id) == 30
    finally:
        app.close()
        owner.close()
        made.close()


def test_a_server_that_is_not_there_is_unavailable(publisher_id: str) -> None:
    nowhere = Database("postgresql://nobody:secret@127.0.0.1:9/none")
    engine: Engine = PostgresEngine(nowhere.engine)
    for call in (
        engine.ping,
        engine.ensure,
        lambda: engine.count(publisher_id),
        lambda: engine.search(publisher_id, parse("natalie"), limit=1),
        lambda: engine.write(people(publisher_id)),
        lambda: list(engine.dump(publisher_id)),
        lambda: engine.versions(publisher_id, ["cus_1"]),
    ):
        with pytest.raises(EngineUnavailable) as caught:
            call()
        assert "secret" not in str(caught.value)
        assert "Natalie" not in str(caught.value)
    nowhere.close()


def test_tidying_removes_what_nobody_has_and_mends_the_keys_of_typos(
    postgres: PostgresEngine, database: Database, publisher_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty(database)
    monkeypatch.setattr("services.search.engine.postgres_tidy.WORDS", 3)
    fill(postgres, people(publisher_id))
    before = {table: rows(database, table) for table in metadata.tables}
    damage = (
        "INSERT INTO search_word (publisher_id, word) VALUES (:mine, 'nobodys')",
        "INSERT INTO search_posting SELECT max(number), 'cus_1', 5, 3 FROM search_word WHERE word = 'nobodys'",
        "INSERT INTO search_posting VALUES (987654321, 'cus_1', 5, 3)",
        "INSERT INTO search_posting SELECT number, 'cus_2', 5, 3 FROM search_word WHERE word = 'name1'",
        "UPDATE search_typo SET keys = '{1,2}' WHERE word IN (SELECT number FROM search_word WHERE word = 'natalie')",
        "INSERT INTO search_typo SELECT number, '{5}' FROM search_word WHERE word = '2'",
    )
    with database.engine.begin() as connection:
        for statement in damage:
            connection.execute(text(statement), {"mine": publisher_id})
    assert ids(postgres, publisher_id, "natlaie") == []
    looked_at = list(postgres.indices.tidy(IN_SERVICE))
    assert looked_at[-1] >= before["search_word"]
    assert {table: rows(database, table) for table in metadata.tables} == before
    assert len(ids(postgres, publisher_id, "natlaie")) == 30
    assert ids(postgres, publisher_id, "name1")[0] == "cus_1"


def test_tidying_takes_nothing_that_is_just_taken_up(
    postgres: PostgresEngine, database: Database, publisher_id: str
) -> None:
    empty(database)
    fill(
        postgres, [document(publisher_id, "cus_1", last_name="Ulm"), document(publisher_id, "cus_2", last_name="Bonn")]
    )
    stray = "INSERT INTO search_posting SELECT number, 'cus_1', 5, 3 FROM search_word WHERE word = 'bonn'"
    with database.engine.begin() as connection:
        connection.execute(text(stray))
    with database.engine.connect() as writing:
        write_chunk(writing, [document(publisher_id, "cus_1", version=2, last_name="Bonn")])
        with ThreadPoolExecutor(1) as pool:
            tidying = pool.submit(lambda: list(postgres.indices.tidy(IN_SERVICE)))
            with pytest.raises(TimeoutError):
                tidying.result(timeout=0.5)
            writing.commit()
            tidying.result(timeout=10)
    assert sorted(ids(postgres, publisher_id, "bonn")) == ["cus_1", "cus_2"]


def test_what_an_index_was_made_with_is_noted_while_it_is_empty_and_when_it_is_rebuilt(
    postgres: PostgresEngine, database: Database, publisher_id: str
) -> None:
    empty(database)
    fill(postgres, people(publisher_id))
    postgres.ensure()
    assert postgres.indices.made_with() is None, "nobody knows"
    postgres.indices.promote(IN_SERVICE, 7)
    postgres.ensure()
    assert postgres.indices.made_with() == 7
    empty(database)
    postgres.ensure()
    assert postgres.indices.made_with() == NORMALIZER_VERSION


def test_no_connection_and_no_transaction_is_held_between_calls(postgres: PostgresEngine, publisher_id: str) -> None:
    fill(postgres, people(publisher_id))
    postgres.search(publisher_id, parse("natalie"), limit=3)
    for _ in postgres.dump(publisher_id):
        break
    pool = postgres._sessions.database.pool
    assert pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("prefix", "behind"),
    [("a", "b"), ("az", "a{"), ("\ud7ff", "\ue000"), ("a\U0010ffff", "b"), ("\U0010ffff", ""), ("é", "ê")],
)
def test_end_of_a_range(prefix: str, behind: str) -> None:
    assert behind_prefix(prefix) == behind
