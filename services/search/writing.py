"""From rows of the projection to documents in the engine: what can't be written never stops what can."""

from __future__ import annotations

from collections.abc import Sequence

from services.search.engine.errors import EngineRefused, EngineUnavailable
from services.search.engine.port import Engine, IndexEntry, Outcome, WriteResult
from services.search.fresh import ProjectedRow, empty_form, indexed_form


def documents_of(rows: Sequence[ProjectedRow]) -> tuple[list[IndexEntry], list[WriteResult]]:
    """The documents, and those rows that no document can be made of: a defect, which must not stop the others."""
    documents: list[IndexEntry] = []
    refusals: list[WriteResult] = []
    for row in rows:
        try:
            documents.append(indexed_form(row))
        except Exception as error:
            refusals.append(_refusal(empty_form(row), f"no document can be made of it: {type(error).__name__}"))
    return documents, refusals


def write(engine: Engine, documents: Sequence[IndexEntry], targets: Sequence[str]) -> list[WriteResult]:
    """Write, and where the engine refuses the whole, or fails on it, find out which one it is about.

    Raises EngineUnavailable.
    """
    if not documents:
        return []
    try:
        return engine.write(documents, targets)
    except EngineUnavailable:
        raise
    except Exception as error:  # a defect, which must not stop the others either
        if len(documents) == 1:
            known = isinstance(error, EngineRefused)
            return [_refusal(documents[0], str(error) if known else f"writing it failed: {type(error).__name__}")]
        half = len(documents) // 2
        return write(engine, documents[:half], targets) + write(engine, documents[half:], targets)


def _refusal(entry: IndexEntry, reason: str) -> WriteResult:
    return WriteResult(entry.publisher_id, entry.id, entry.doc_version, Outcome.REFUSED, reason)
