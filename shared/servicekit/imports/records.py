"""The records of a file: rows of CSV, or lines of NDJSON. A broken one costs itself, not its neighbors."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from servicekit.errors import BadRequest
from servicekit.imports.lines import LONGEST_ROW, Lines
from servicekit.web.strict_json import strict_json

Content = list[str] | dict[str, Any]
_UNCLOSED = "A quote is opened and not closed, or stands where none may: double a quote that is part of the text."
_WASTE_FREE = 10_000_000
_WASTE_SHARE = 20


class TooBroken(Exception):
    """So many quotes lead nowhere that reading on would take for ever."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record by its number in the file, from 1, a heading included: in a table the number of the row.

    ``content`` is the cells of a row or an object; with a ``problem`` it is what can be shown of it. ``size`` is the
    bytes from the end of the record before, blank lines included.
    """

    number: int
    content: Content
    size: int
    problem: str | None = None
    ended: bool = True


class Table:
    """Records of CSV. ``width`` is how many cells a row has; None while it isn't known, for the heading itself.

    ``number`` is the last row's, ``skipped`` the bytes of blank rows after the last record.
    """

    def __init__(self, lines: Lines, *, delimiter: str, width: int | None = None, number: int = 0) -> None:
        self.width = width
        self._lines = lines
        self._delimiter = delimiter
        self.number = number
        self.skipped = 0
        self._read = 0
        self._wasted = 0

    def __iter__(self) -> Iterator[Record]:
        """Records until the lines end, or until one is open that they don't close. Raises TooBroken."""
        while (line := self._lines.peek()) is not None:
            if line.problem is None and '"' in line.text:
                record = self._quoted()
                if record is None:
                    return
            else:
                self._lines.take()
                self.number += 1
                cells = line.text.split(self._delimiter)
                record = self._record(cells, line.size, line.problem, ended=line.ended)
            if any(cell and not cell.isspace() for cell in record.content) or line.problem is not None:
                yield record
            else:
                self.skipped += record.size

    def _quoted(self) -> Record | None:
        taken = _Taken(self._lines)
        try:
            cells = next(csv.reader(taken, delimiter=self._delimiter, strict=True))
        except csv.Error:
            if taken.ran_out and not self._lines.whole:
                return None
            return self._first_alone(taken)
        if taken.count > 1 and self.width is not None and not self._fits(cells):
            return self._first_alone(taken)  # it has swallowed others
        ended = [self._lines.take() for _ in range(taken.count)]
        self.number += 1
        return self._record(cells, taken.size, None, ended=ended[-1].ended)

    def _first_alone(self, taken: _Taken) -> Record:
        """What begins with this line can't be read: the line alone is rejected, and the next one begins anew."""
        line = self._lines.take()
        self.number += 1
        self._wasted += taken.size - line.size
        if self._wasted > _WASTE_FREE + _WASTE_SHARE * self._read:
            raise TooBroken
        return self._record([line.text], line.size, _UNCLOSED, ended=line.ended)

    def _record(self, cells: list[str], size: int, problem: str | None, *, ended: bool) -> Record:
        size, self.skipped = size + self.skipped, 0
        self._read += size
        if problem is None and self.width is not None and not self._fits(cells):
            problem = f"It has {len(cells)} cells, the heading has {self.width}."
            if not ended:
                problem += " Is the file cut off here?"
        elif self.width is not None and problem is None:
            del cells[self.width :]
        return Record(self.number, cells, size, problem, ended)

    def _fits(self, cells: list[str]) -> bool:
        """As many cells as the heading, or more of which the last are empty, as spreadsheets write them."""
        return self.width is not None and len(cells) >= self.width and not any(cells[self.width :])


class _Taken:
    """Lines for the csv module, as many as one record wants; no more than a record may have."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.count = 0
        self.size = 0
        self.ran_out = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._lines.peek(self.count)
        if line is None:
            self.ran_out = True
            raise StopIteration
        if self.size + line.size > LONGEST_ROW or (self.count and line.problem):
            raise StopIteration  # which the csv module takes for an open quote
        self.count += 1
        self.size += line.size
        return f"{line.text}\n"


class Objects:
    """Records of NDJSON: a JSON object in each line. ``number`` and ``skipped`` are as a ``Table``'s."""

    def __init__(self, lines: Lines, *, number: int = 0) -> None:
        self._lines = lines
        self.number = number
        self.skipped = 0

    def __iter__(self) -> Iterator[Record]:
        """Records until the lines end."""
        while (line := self._lines.peek()) is not None:
            self._lines.take()
            self.number += 1
            if not line.problem and (not line.text or line.text.isspace()):
                self.skipped += line.size
                continue
            size, self.skipped = line.size + self.skipped, 0
            content, problem = _parsed(line.text) if line.problem is None else ({}, line.problem)
            yield Record(self.number, content if problem is None else {"": line.text}, size, problem, line.ended)


def _parsed(text: str) -> tuple[dict[str, Any], str | None]:
    try:
        document = strict_json(text.encode("utf-8", "surrogatepass"))
    except BadRequest as error:
        return {}, error.detail.replace("The body", "The row")
    if not isinstance(document, dict):
        return {}, 'Not a JSON object such as {"name": "value"}.'
    return document, None
