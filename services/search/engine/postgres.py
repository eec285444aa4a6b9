"""The engine ``postgres``: an inverted index in the search service's own database."""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import sqlalchemy
from sqlalchemy import Connection, text

from services.search.columns import Order
from services.search.engine import postgres_query as sql
from services.search.engine.indices import IN_SERVICE, every_document
from services.search.engine.port import (
    After,
    Indexed,
    IndexEntry,
    Outcome,
    Page,
    WriteResult,
    page_of_hits,
    refusal,
)
from services.search.engine.postgres_indices import PostgresIndices
from services.search.engine.postgres_search import SECONDS, Search
from services.search.engine.postgres_sessions import Sessions
from services.search.engine.postgres_tables import ddl, metadata
from services.search.engine.postgres_write import sweep, write_chunk
from services.search.query.tree import Query

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
        writable = [position for position, reason in enumerate(reasons) if not reason]
        for start in range(0, len(writable), CHUNK):
            positions = writable[start : start + CHUNK]
            chunk = [entries[position] for position in positions]
            for index, outcome in self._sessions.transaction(partial(write_chunk, entries=chunk)).items():
                outcomes[positions[index]] = outcome
        self._sessions.transaction(sweep)
        return [
            WriteResult(entry.publisher_id, entry.customer_id, entry.doc_version, outcome, reason)
            for entry, outcome, reason in zip(entries, outcomes, reasons, strict=True)
        ]

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

    def versions(
        self,
        publisher_id: str,
        customer_ids: Iterable[str],
        targets: Sequence[str] = (IN_SERVICE,),  # noqa: ARG002 - there is one index
    ) -> dict[str, int]:
        scoped = sql.scope(publisher_id)
        statement = f"{scoped.sql} SELECT customer_id, doc_version FROM documents WHERE customer_id = ANY(:customers)"
        with self._sessions.reading() as connection:
            rows = connection.execute(text(statement), {**scoped.parameters, "customers": list(customer_ids)})
            return {row.customer_id: row.doc_version for row in rows}

    def count(self, publisher_id: str) -> int:
        scoped = sql.scope(publisher_id)
        statement = text(f"{scoped.sql} SELECT count(*) FROM documents WHERE NOT deleted")
        with self._sessions.reading() as connection:
            return int(connection.execute(statement, scoped.parameters).scalar_one())

    def dump(self, publisher_id: str) -> Iterator[Indexed]:
        return every_document(self.indices, IN_SERVICE, publisher_id)


def _create_tables(connection: Connection) -> None:
    # Two that create the same table at once would fail on the catalog in spite of IF NOT EXISTS.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('search engine tables', 0))"))
    for statement in ddl():
        connection.execute(text(statement))
