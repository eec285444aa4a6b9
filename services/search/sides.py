"""A customer, a publisher, an index on both sides: what the projection says of them, and what is in the index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import orjson

from services.search.engine.port import Indexed, IndexEntry
from services.search.fresh import indexed_form
from services.search.transactions import TransactionDocument, is_transaction

_NAMED = 20


class WithId(Protocol):
    """Something about one customer or transaction."""

    @property
    def id(self) -> str: ...


L = TypeVar("L", bound=WithId)
R = TypeVar("R", bound=WithId)


@dataclass(slots=True)
class Side:
    """What one side has: customers who can be found, their transactions, tombstones, and a checksum over all fields."""

    customers: int = 0
    transactions: int = 0
    tombstones: int = 0
    checksum: int = 0

    def add(self, entry: IndexEntry | Indexed) -> None:
        """Count one in. The checksum is a sum, so it doesn't depend on the order."""
        self.tombstones += entry.deleted
        self.transactions += is_transaction(entry.id) and not entry.deleted
        self.customers += not is_transaction(entry.id) and not entry.deleted
        digest = hashlib.blake2b(_canonical(entry), digest_size=8).digest()
        self.checksum = (self.checksum + int.from_bytes(digest, "big")) % 2**64

    def __str__(self) -> str:
        bought = f", {self.transactions:,} transactions" if self.transactions else ""
        return f"{self.customers:,} customers{bought}, {self.tombstones:,} erased, checksum {self.checksum:016x}"

    @property
    def entries(self) -> int:
        """All of it."""
        return self.customers + self.transactions + self.tombstones

    def include(self, other: Side) -> None:
        """Count in what ``other`` has."""
        self.customers += other.customers
        self.transactions += other.transactions
        self.tombstones += other.tombstones
        self.checksum = (self.checksum + other.checksum) % 2**64


@dataclass(slots=True)
class Comparison:
    """The projection beside the index.

    ``missing``, ``unexpected`` and ``different`` name customers: the first twenty, ``differences`` counts all of
    them. ``waiting`` counts those who are marked: an indexer is to bring them. ``refused`` those marked whom the engine
    won't take.
    """

    projection: Side = field(default_factory=Side)
    index: Side = field(default_factory=Side)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    differences: int = 0
    waiting: int = 0
    refused: int = 0

    @property
    def equal(self) -> bool:
        """Whether the index has exactly what it should."""
        return self.differences == self.waiting == self.refused == 0 and self.projection == self.index

    @property
    def named(self) -> list[str]:
        """Some of those who differ."""
        return [*self.missing, *self.unexpected, *self.different][:_NAMED]

    def include(self, other: Comparison) -> None:
        """Count in another part, such as another publisher's."""
        self.projection.include(other.projection)
        self.index.include(other.index)
        for mine, theirs in zip(self._kinds(), other._kinds(), strict=True):
            mine += theirs[: _NAMED - len(mine)]
        self.differences += other.differences
        self.waiting += other.waiting
        self.refused += other.refused

    def note(self, kind: list[str], identifier: str) -> None:
        """Count a difference, and name it if few were named yet."""
        self.differences += 1
        if len(kind) < _NAMED:
            kind.append(identifier)

    def _kinds(self) -> tuple[list[str], list[str], list[str]]:
        return self.missing, self.unexpected, self.different


@dataclass(frozen=True, slots=True)
class Look:
    """A customer or a transaction on both sides at one moment: ``row`` of the projection, the document ``due`` and the
    one ``present``.

    ``unmade``: no document can be made of the row.
    """

    id: str
    row: Any | None
    due: IndexEntry | None
    present: Indexed | None
    unmade: bool = False

    @property
    def same(self) -> bool:
        """Whether both sides agree in everything."""
        due, present = self.due, self.present
        if due is None or present is None:
            return due is None and present is None and not self.unmade
        return (
            (due.doc_version, due.deleted, due.keys) == (present.doc_version, present.deleted, present.keys)
            and due.tokens() == present.tokens
            and owner_of(due) == present.owner
            and _json(due.stored) == _json(present.stored)
        )


def in_step(left: Iterator[L], right: Iterator[R]) -> Iterator[tuple[str, L | None, R | None]]:
    """Two in the order of their IDs, side by side: each ID with what either has of it."""
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if one is not None and other is not None and one.id == other.id:
            yield one.id, one, other
            one, other = next(left, None), next(right, None)
        elif one is not None and (other is None or one.id < other.id):
            yield one.id, one, None
            one = next(left, None)
        elif other is not None:
            yield other.id, None, other
            other = next(right, None)


def look_at(identifier: str, row: Any | None, present: Indexed | None) -> Look:
    """What there is on either side."""
    try:
        due = None if row is None else indexed_form(row)
    except Exception:  # noqa: BLE001 - whatever it is: a defect, and that there is no document is what it's about
        return Look(identifier, row, None, present, unmade=True)
    return Look(identifier, row, due, present)


def _canonical(entry: IndexEntry | Indexed) -> bytes:
    tokens, owner = (entry.tokens, entry.owner) if isinstance(entry, Indexed) else (entry.tokens(), owner_of(entry))
    return _json([entry.id, entry.doc_version, entry.deleted, tokens, entry.keys, entry.stored, owner])


def owner_of(entry: IndexEntry) -> str | None:
    """Whose transaction it is; None for a customer."""
    return entry.customer_id if isinstance(entry, TransactionDocument) else None


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
