"""The indices on PostgreSQL: there is one, in the projection's own database, and it is rebuilt in place.

Its tables have transactions, and a document of an equal version is written again: so writing all of them again while
searches and changes go on makes the index that a new one would be (see docs/decisions).
"""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, text

from services.search.columns import BY_COLUMN_NUMBER
from services.search.documents import BY_NUMBER
from services.search.engine import postgres_query as sql
from services.search.engine import postgres_transactions as transactions
from services.search.engine.indices import IN_SERVICE, PAGE, Collection, by_collection
from services.search.engine.port import Indexed, required
from services.search.engine.postgres_sessions import Sessions
from services.search.engine.postgres_tables import KEY_MARK
from services.search.engine.postgres_tidy import tidied
from services.search.engine.postgres_write import sweep
from services.search.text import NORMALIZER_VERSION, Kind, Tokens

_PUBLISHERS = text("""
    WITH RECURSIVE found AS (
        SELECT least((SELECT min(publisher_id) FROM search_document),
            (SELECT min(publisher_id) FROM search_transaction_document)) AS id
        UNION ALL
        SELECT least((SELECT min(publisher_id) FROM search_document WHERE publisher_id > found.id),
            (SELECT min(publisher_id) FROM search_transaction_document WHERE publisher_id > found.id)) FROM found
        WHERE found.id IS NOT NULL
    )
    SELECT id FROM found WHERE id IS NOT NULL
""")
_NOTE_FIRST = text("""
    INSERT INTO search_index (id, normalizer) SELECT 1, :normalizer WHERE NOT EXISTS (SELECT FROM search_document)
    ON CONFLICT DO NOTHING
""")
_NOTE = text("""
    INSERT INTO search_index (id, normalizer) VALUES (1, :normalizer)
    ON CONFLICT (id) DO UPDATE SET normalizer = excluded.normalizer
""")
_GIVEN = "unnest(CAST(:customers AS text[]), CAST(:versions AS bigint[])) AS given (customer_id, version)"
_LOCK = text(f"""
    SELECT d.customer_id FROM search_document d JOIN {_GIVEN} ON d.customer_id = given.customer_id
    WHERE d.publisher_id = :publisher AND d.doc_version <= given.version
    ORDER BY d.customer_id FOR UPDATE OF d
""")
_FORGET = text("""
    WITH gone AS (
        DELETE FROM search_document WHERE publisher_id = :publisher AND customer_id = ANY(:customers)
        RETURNING customer_id, words
    ), had AS (
        SELECT customer_id, unnest(words) AS word FROM gone
    ), postings AS (
        DELETE FROM search_posting p USING had WHERE p.word = had.word AND p.customer_id = had.customer_id
    )
    INSERT INTO search_leftover (word) SELECT DISTINCT word FROM had
""")


class PostgresIndices:
    """The port ``Indices`` on PostgreSQL, with the one index ``IN_SERVICE``."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def note_first(self) -> None:
        """Note what an index that has no document yet will be made with, if that isn't noted."""
        if self.made_with() is None:
            parameters = {"normalizer": NORMALIZER_VERSION}
            self._sessions.transaction(lambda connection: connection.execute(_NOTE_FIRST, parameters))

    def made_with(self) -> int | None:
        with self._sessions.reading() as connection:
            return connection.execute(text("SELECT normalizer FROM search_index")).scalar_one_or_none()

    def next_name(self) -> str:
        return IN_SERVICE

    def create(self, name: str) -> bool:
        self._check(name)
        return False

    def in_service(self) -> list[str]:
        return [IN_SERVICE]

    def promote(self, name: str, normalizer: int) -> None:
        """It is in service already; what it was made with is noted."""
        self._check(name)
        parameters = {"normalizer": normalizer}
        self._sessions.transaction(lambda connection: connection.execute(_NOTE, parameters))

    def drop(self, name: str) -> None:
        raise ValueError(f"{name} is in service")

    def spare(self) -> list[str]:
        return []

    def refresh(self, name: str) -> None:
        """Nothing to do: what is committed is visible."""
        self._check(name)

    def tidy(self, name: str) -> Iterator[int]:
        self._check(name)
        return tidied(self._sessions)

    def publishers(self, name: str) -> list[str]:
        self._check(name)
        with self._sessions.reading() as connection:
            return list(connection.execute(_PUBLISHERS).scalars())

    def page(
        self,
        name: str,
        publisher_id: str,
        *,
        of: Collection = Collection.CUSTOMERS,
        after: str = "",
        limit: int = PAGE,
    ) -> list[Indexed]:
        self._check(name)
        if of is Collection.TRANSACTIONS:
            where = "d.transaction_id > :after ORDER BY d.transaction_id LIMIT :limit"
            with self._sessions.reading() as connection:
                return transactions.documents(connection, publisher_id, where, {"after": after, "limit": limit})
        where = "d.customer_id > :after ORDER BY d.customer_id LIMIT :limit"
        return self._documents(publisher_id, where, {"after": after, "limit": limit})

    def read(self, name: str, publisher_id: str, ids: Iterable[str]) -> dict[str, Indexed]:
        self._check(name)
        found: list[Indexed] = []
        for part, some in by_collection(ids):
            if part is Collection.CUSTOMERS:
                found += self._documents(publisher_id, "d.customer_id = ANY(:ids)", {"ids": some})
            else:
                with self._sessions.reading() as connection:
                    where = "d.transaction_id = ANY(:ids)"
                    found += transactions.documents(connection, publisher_id, where, {"ids": some})
        return {document.id: document for document in found}

    def forget(self, name: str, publisher_id: str, versions: Mapping[str, int]) -> None:
        self._check(name)
        for part, some in by_collection(versions):
            given = {identifier: versions[identifier] for identifier in some}
            if part is Collection.TRANSACTIONS:
                self._sessions.transaction(partial(transactions.forget, publisher_id=publisher_id, given=given))
            else:
                self._sessions.transaction(partial(_forget, publisher_id=required(publisher_id), versions=given))
        self._sessions.transaction(sweep)

    def _documents(self, publisher_id: str, where: str, parameters: Mapping[str, Any]) -> list[Indexed]:
        scoped = sql.scope(publisher_id)
        statement = text(f"""{scoped.sql}
            SELECT d.*, (SELECT json_agg(json_build_array(p.attribute, v.word, p.kind))
                FROM unnest(d.words) AS n (number) JOIN vocabulary v ON v.number = n.number
                JOIN search_posting p ON p.word = n.number AND p.customer_id = d.customer_id) AS postings
            FROM documents d WHERE {where}
        """)
        with self._sessions.reading() as connection:
            return [_indexed(row) for row in connection.execute(statement, {**scoped.parameters, **parameters})]

    def _check(self, name: str) -> None:
        if name != IN_SERVICE:
            raise ValueError(f"there is no index {name}")


def _forget(connection: Connection, *, publisher_id: str, versions: Mapping[str, int]) -> None:
    parameters = {"publisher": publisher_id, "customers": list(versions), "versions": list(versions.values())}
    # A statement of its own: the next one sees what whoever held a lock before has done.
    customers = list(connection.execute(_LOCK, parameters).scalars())
    if customers:
        connection.execute(_FORGET, {"publisher": publisher_id, "customers": customers})


def _indexed(row: Row[Any]) -> Indexed:
    tokens: dict[str, Tokens] = {}
    for attribute, word, kind in row.postings or ():
        tokens.setdefault(BY_NUMBER[attribute].name, {})[word.removeprefix(KEY_MARK)] = Kind(kind)
    keys = {BY_COLUMN_NUMBER[number].name: key for number, key in enumerate(row.keys, 1) if key is not None}
    return Indexed(row.customer_id, row.doc_version, row.deleted, tokens, keys, row.stored)
