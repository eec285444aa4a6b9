"""Rows that wait, packed: in memory there is never more of a file than one of these."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from servicekit.imports.headings import is_secret
from servicekit.imports.layout import Layout
from servicekit.imports.records import Content, Record

MOST_ROWS = 500
"""In a transaction, where a kind doesn't say otherwise."""
MOST_BYTES = 500_000
_WITHHELD = "The row is not shown: the file has columns that are never stored, and which one is which is not certain."


@dataclass(slots=True)
class ChunkBuilder:
    """Collects records until there are enough for one transaction. What is never stored is left out here."""

    layout: Layout
    most_rows: int | None = None
    records: list[Record] = field(default_factory=list)
    size: int = 0

    def add(self, record: Record) -> None:
        """One more."""
        self.records.append(_without_secrets(record, self.layout))
        self.size += record.size

    @property
    def is_full(self) -> bool:
        """Whether this is a whole transaction's work."""
        return len(self.records) >= (self.most_rows or MOST_ROWS) or self.size >= MOST_BYTES


def pack(records: Sequence[Record]) -> bytes:
    """To be kept."""
    rows = [[record.number, record.content, record.problem] for record in records]
    return zlib.compress(orjson.dumps(rows), 1)


def unpack(content: bytes) -> list[Record]:
    """As they were, but for their sizes."""
    return [Record(number, kept, 0, problem) for number, kept, problem in orjson.loads(zlib.decompress(content))]


def _without_secrets(record: Record, layout: Layout) -> Record:
    content = record.content
    if isinstance(content, dict):
        if record.problem is not None:
            return record if not layout.secrets else _withheld(record, {})
        if any(map(is_secret, content)):
            return _with(record, {key: value for key, value in content.items() if not is_secret(key)})
        return record
    if not layout.secrets:
        return record
    if record.problem is not None:  # its cells may not be where the headings say
        return _withheld(record, [])
    return _with(record, ["" if index in layout.secrets else cell for index, cell in enumerate(content)])


def _withheld(record: Record, content: Content) -> Record:
    return Record(record.number, content, record.size, f"{record.problem} {_WITHHELD}", record.ended)


def _with(record: Record, content: Any) -> Record:
    return Record(record.number, content, record.size, record.problem, record.ended)
