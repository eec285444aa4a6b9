"""Whether the index is what the projection says it should be: every customer, every field, tombstones too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from servicekit.db.database import Database
from services.search import queries
from services.search.engine.port import Engine, Indexed, IndexEntry
from services.search.fresh import indexed_form

_NAMED = 20


@dataclass(slots=True)
class Side:
    """What one side has: customers who can be found, tombstones, and a checksum over all fields of both."""

    customers: int = 0
    tombstones: int = 0
    checksum: int = 0

    def add(self, entry: bytes, *, deleted: bool) -> None:
        """Count one in. The checksum is a sum, so it doesn't depend on the order."""
        self.tombstones += deleted
        self.customers += not deleted
        digest = int.from_bytes(hashlib.blake2b(entry, digest_size=8).digest(), "big")
        self.checksum = (self.checksum + digest) % 2**64


@dataclass(slots=True)
class Comparison:
    """The projection beside the index. ``missing``, ``unexpected`` and ``different`` name customers: the first twenty,
    ``differences`` counts all of them."""

    projection: Side = field(default_factory=Side)
    index: Side = field(default_factory=Side)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    differences: int = 0

    @property
    def equal(self) -> bool:
        """Whether the index has exactly what it should."""
        return self.differences == 0 and self.projection == self.index

    def note(self, kind: list[str], customer_id: str) -> None:
        """Count a difference, and name it if few were named yet."""
        self.differences += 1
        if len(kind) < _NAMED:
            kind.append(customer_id)


def compare(database: Database, engine: Engine, publisher_id: str) -> Comparison:
    """Compare a publisher's part of the projection with its part of the index.

    Changes that come in meanwhile show up as differences: compare when nothing is waiting. Raises EngineUnavailable,
    MissingPublisher.
    """
    result = Comparison()
    with database.transaction(publisher_id) as session:
        expected = (indexed_form(row) for row in queries.all_customers(session, publisher_id))
        for due, present in _side_by_side(expected, engine.dump(publisher_id)):
            if due is not None:
                result.projection.add(_canonical(due), deleted=due.deleted)
            if present is not None:
                result.index.add(_canonical(present), deleted=present.deleted)
            if due is None and present is not None:
                result.note(result.unexpected, present.customer_id)
            elif due is not None and present is None:
                result.note(result.missing, due.customer_id)
            elif due is not None and present is not None and _canonical(due) != _canonical(present):
                result.note(result.different, due.customer_id)
    return result


def _side_by_side(
    expected: Iterator[IndexEntry], present: Iterator[Indexed]
) -> Iterator[tuple[IndexEntry | None, Indexed | None]]:
    """Both in step, by customer ID, in which order both come."""
    left, right = next(expected, None), next(present, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.customer_id < right.customer_id):
            yield left, None
            left = next(expected, None)
        elif left is None or right.customer_id < left.customer_id:
            yield None, right
            right = next(present, None)
        else:
            yield left, right
            left, right = next(expected, None), next(present, None)


def _canonical(entry: IndexEntry | Indexed) -> bytes:
    tokens = entry.tokens() if isinstance(entry, IndexEntry) else entry.tokens
    kinds = {name: {token: int(kind) for token, kind in found.items()} for name, found in tokens.items()}
    fields = [entry.customer_id, entry.doc_version, entry.deleted, kinds, entry.stored]
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
