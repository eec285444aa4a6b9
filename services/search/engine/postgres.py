"""The engine ``postgres``: an inverted index in the search service's own database."""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

import sqlalchemy
from sqlalchemy import Connection, text

from services.search.columns import Order
from services.search.documents import CustomerDocument
from services.search.engine import postgres_query as sql
from services.search.engine import postgres_transactions as transactions
from services.search.engine.indices import IN_SERVICE, Collection, by_collection, every_document
from services.search.engine.port import (
    After,
    Indexed,
    IndexEntry,
    Outcome,
    Page,
    TransactionHit,
    WriteResult,
    page_of_hits,
    refusal,
    required,
)
from services.search.engine.postgres_indices import PostgresIndices
from services.search.engine.postgres_search import SECONDS, Search
from services.search.engine.postgres_sessions import Sessions
from services.search.engine.postgres_tables import ddl, metadata
from services.search.engine.postgres_transactions import write_transactions
from services.search.engine.postgres_write import sweep, write_chunk
from services.search.query.tree import Query, Word
from services.search.transactions import TransactionDocument

D = TypeVar("D", CustomerDocument, TransactionDocument)

CHUNK = 200
"""Documents written in one transaction."""


class PostgresEngine:
    """The engine port on PostgreSQL. ``database`` gives connections; none is held between calls.

    ``seconds``: what a search may take.
    """

    def __init__(self, database: sqlalchemy.Engine, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._sessions = Sessions(database)
        self.indices = PostgresIndices(self._sessions)

    def ensure(self) -> None:
        self._create()
        self.indices.note_first()

    def _create(self) -> None:
        with self._sessions.reading() as connection:
            present = connection.execute(
                text("SELECT count(*) FROM unnest(CAST(:names AS text[])) AS n WHERE to_regclass(n) IS NOT NULL"),
                {"names": list(metadata.tables)},
            ).scalar_one()
        if present == len(metadata.tables):
            return
        self._sessions.transaction(_create_tables)

    def ping(self) -> None:
        with self._sessions.reading() as connection:
            connection.execute(text("SELECT FROM search_document LIMIT 1"))

    def refresh(self) -> None:
        """Nothing to do: what is committed is visible."""

    def write(
        self,
        entries: Sequence[IndexEntry],
        targets: Sequence[str] = (IN_SERVICE,),  # noqa: ARG002 - there is one index
    ) -> list[WriteResult]:
        reasons = [refusal(entry) for entry in entries]
        outcomes = [Outcome.REFUSED] * len(entries)
        customers: dict[int, CustomerDocument] = {}
        bought: dict[int, TransactionDocument] = {}
        for position, entry in enumerate(entries):
            if not reasons[position]:
                if isinstance(entry, CustomerDocument):
                    customers[position] = entry
                else:
                    bought[position] = entry
        self._write(customers, write_chunk, outcomes)
        self._write(bought, write_transactions, outcomes)
        if customers:
            self._sessions.transaction(sweep)
        return [
            WriteResult(entry.publisher_id, entry.id, entry.doc_version, outcome, reason)
            for entry, outcome, reason in zip(entries, outcomes, reasons, strict=True)
        ]

    def _write(
        self,
        entries: Mapping[int, D],
        write: Callable[..., dict[int, Outcome]],
        outcomes: list[Outcome],
    ) -> None:
        """Write those that have a place in ``outcomes`` by ``write``, a transaction for each chunk."""
        places = list(entries)
        for start in range(0, len(places), CHUNK):
            some = places[start : start + CHUNK]
            chunk = [entries[place] for place in some]
            for index, outcome in self._sessions.transaction(partial(write, entries=chunk)).items():
                outcomes[some[index]] = outcome

    def maintain(self) -> None:
        self._sessions.transaction(sweep)

    def search(
        self,
        publisher_id: str,
        query: Query,
        *,
        limit: int,
        after: After | None = None,
        order: Order | None = None,
        exact_total: bool = False,
    ) -> Page:
        scoped = sql.scope(publisher_id)
        with self._sessions.searching(self._seconds) as reader:
            began = time.perf_counter()
            search = Search(
                reader=reader,
                scoped=scoped,
                query=query,
                limit=limit,
                after=after,
                order=order,
                exact_total=exact_total,
            )
            hits, total = search.found()
            took = (time.perf_counter() - began) * 1_000
        return page_of_hits(hits, total, limit, order, took)

    def find_transactions(self, publisher_id: str, word: Word, *, limit: int) -> list[TransactionHit]:
        required(publisher_id)
        if not word.forms:
            return []
        with self._sessions.reading() as connection:
            return transactions.find(connection, publisher_id, word, limit=limit)

    def versions(
        self,
        publisher_id: str,
        ids: Iterable[str],
        targets: Sequence[str] = (IN_SERVICE,),  # noqa: ARG002 - there is one index
    ) -> dict[str, int]:
        scoped = sql.scope(publisher_id)
        parts = dict(by_collection(ids))
        statement = f"{scoped.sql} SELECT customer_id, doc_version FROM documents WHERE customer_id = ANY(:customers)"
        customers = parts.get(Collection.CUSTOMERS, [])
        with self._sessions.reading() as connection:
            rows = connection.execute(text(statement), {**scoped.parameters, "customers": customers})
            found = {row.customer_id: row.doc_version for row in rows}
            return found | transactions.versions(connection, publisher_id, parts.get(Collection.TRANSACTIONS, []))

    def count(self, publisher_id: str, of: Collection = Collection.CUSTOMERS) -> int:
        scoped = sql.scope(publisher_id)
        statement = text(f"{scoped.sql} SELECT count(*) FROM documents WHERE NOT deleted")
        with self._sessions.reading() as connection:
            if of is Collection.TRANSACTIONS:
                return transactions.count(connection, publisher_id)
            return int(connection.execute(statement, scoped.parameters).scalar_one())

    def dump(self, publisher_id: str, of: Collection = Collection.CUSTOMERS) -> Iterator[Indexed]:
        return every_document(self.indices, IN_SERVICE, publisher_id, of)


def _create_tables(connection: Connection) -> None:
    # Two that create the same table at once would fail on the catalog in spite of IF NOT EXISTS.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('search engine tables', 0))"))
    for statement in ddl():
        connection.execute(text(statement))
