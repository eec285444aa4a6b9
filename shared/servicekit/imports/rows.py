"""From a record to the values that it has for each field, and what is wrong with it, named by its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import ValidationError

from servicekit.imports.layout import Layout
from servicekit.imports.records import Record
from servicekit.imports.vocabulary import Vocabulary

_UNKNOWN = "?"
_MOST_KEYS = 2000
_PROTECTED = ("'=", "'+", "'-", "'@", "'\t", "'\r")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a row: in which column (empty: the row as a whole), and what."""

    column: str
    reason: str


@dataclass(slots=True)
class Given:
    """What one record says: field to value, as it stands in the file; an empty cell says nothing.

    ``columns`` tells which column of the file became a field.
    """

    number: int
    columns: Mapping[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class RecordReader:
    """Reads the records of one file."""

    def __init__(self, vocabulary: Vocabulary, layout: Layout) -> None:
        self._vocabulary = vocabulary
        self._layout = layout
        self._constants = layout.wishes.constants
        self._columns = {target: head for head, target in zip(layout.headings, layout.targets, strict=True) if target}
        self._by_index = [(index, target) for index, target in enumerate(layout.targets) if target]
        self._by_key = dict(zip(layout.headings, layout.targets, strict=True))

    def read(self, record: Record) -> Given:
        """What the record says; one with a problem only has that."""
        if record.problem is not None:
            return Given(record.number, self._columns, faults=[Fault("", record.problem)])
        given = Given(record.number, self._columns)
        if isinstance(record.content, list):
            self._take_cells(given, record.content)
        else:
            self._take_object(given, record.content)
        for target, value in self._constants.items():
            given.values.setdefault(target, value)
        return given

    def _take_cells(self, given: Given, cells: list[str]) -> None:
        for index, target in self._by_index:
            cell = cells[index]
            if cell and not cell.isspace():
                # What spreadsheets (and our own files of rejected rows) put before what they would take for a formula.
                given.values[target] = cell[1:] if cell.startswith(_PROTECTED) else cell

    def _take_object(self, given: Given, content: Mapping[str, Any]) -> None:
        columns: dict[str, str] = {}
        given.columns = columns
        for key, value in content.items():
            target = self._target_of(key)
            if target == _UNKNOWN:
                given.faults.append(Fault(key[:100], "Unknown field."))
            if not target or target == _UNKNOWN or value is None or (isinstance(value, str) and not value.strip()):
                continue
            if target in columns:
                given.faults.append(Fault(key[:100], f"The same field as {columns[target]}: {target}."))
                continue
            columns[target] = key
            given.values[target] = value

    def _target_of(self, key: str) -> str:
        target = self._by_key.get(key)
        if target is None:
            target = self._layout.target_of(key, self._vocabulary)
            target = _UNKNOWN if target is None else target
            if len(self._by_key) < _MOST_KEYS:
                self._by_key[key] = target
        return target


def reasons(error: ValidationError) -> Iterator[str]:
    """Marshmallow's messages, those of nested fields with their names."""
    yield from _flat(error.messages, "")


def _flat(messages: Any, where: str) -> Iterator[str]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _flat(inner, f"{where}{name}: " if name not in ("_schema", "value") else where)
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flat(inner, where)
    else:
        yield f"{where}{messages}"
