"""Short ways to fill an engine and to ask it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from services.search.documents import CustomerDocument, customer_document
from services.search.engine.port import Engine, Hit, IndexEntry, Outcome
from services.search.query.parse import parse as parse_at
from services.search.query.tree import Query

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def parse(typed: str) -> Query:
    """The query of what somebody typed at ``NOW``."""
    return parse_at(typed, now=NOW)


def document(publisher_id: str, customer_id: str, *, version: int = 1, **state: Any) -> CustomerDocument:
    """A customer's document."""
    return customer_document({"publisher_id": publisher_id, "id": customer_id, **state}, doc_version=version)


def fill(engine: Engine, documents: Iterable[IndexEntry]) -> None:
    """Write ``documents`` and make them visible."""
    written = list(documents)
    results = engine.write(written)
    assert [result.outcome for result in results] == [Outcome.WRITTEN] * len(written)
    engine.refresh()


def hits(engine: Engine, publisher_id: str, typed: str, *, limit: int = 200) -> list[Hit]:
    """The first hits of what somebody typed."""
    return list(engine.search(publisher_id, parse(typed), limit=limit).hits)


def ids(engine: Engine, publisher_id: str, typed: str) -> list[str]:
    """Whom somebody finds by typing this, best first."""
    return [hit.customer_id for hit in hits(engine, publisher_id, typed)]
