"""The file of rejected rows: each as it was, with what is wrong; corrected, it can itself be imported."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import select

from servicekit.imports.headings import is_our_remark, remarks_beside
from servicekit.imports.receiving import Transaction
from servicekit.imports.tables import ImportJob, ImportReject, ImportTables

_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rejects_file(transaction: Transaction, tables: ImportTables, job: ImportJob) -> Iterator[bytes]:
    """The rejected rows in the import's own format, in their order; never many of them in memory.

    What a file of rejected rows said before, when it was imported itself, is not said again.
    """
    headings, mapped = job.layout["headings"], job.layout["columns"]
    old = {name for name in headings if not mapped.get(name) and is_our_remark(name, headings)}
    places = [place for place, name in enumerate(headings) if name not in old]
    names = remarks_beside(headings[place] for place in places)
    objects = job.dialect["format"] == "ndjson"
    if not objects:
        yield _csv([[*names, *(headings[place] for place in places)]])
    kept, after = tables.rejects, -1
    while True:
        with transaction() as session:
            rows = session.scalars(
                select(kept)
                .where(kept.import_id == job.id, kept.row_number > after)
                .order_by(kept.row_number)
                .limit(_AT_ONCE)
            ).all()
        if not rows:
            return
        after = rows[-1].row_number
        yield _json_lines(rows, names, old) if objects else _csv_lines(rows, places, len(headings))


def _csv_lines(rows: Sequence[ImportReject], places: Sequence[int], width: int) -> bytes:
    """``places`` are the original columns that are shown; cells beyond the heading's ``width`` are, too."""
    lines = []
    for row in rows:
        cells = list(map(str, row.content or []))
        shown = [cells[place] if place < len(cells) else "" for place in places]
        lines.append([*_remarks(row), *shown, *cells[width:]])
    return _csv(lines)


def _json_lines(rows: Sequence[ImportReject], names: Sequence[str], old: Collection[str]) -> bytes:
    lines = []
    for row in rows:
        content = {name or "original": value for name, value in (row.content or {}).items() if name not in old}
        own_names = remarks_beside(content) if names[0] in content or names[-1] in content else names
        lines.append(orjson.dumps({**dict(zip(own_names, _remarks(row), strict=True)), **content}))
    return b"\n".join(lines) + b"\n"


def _remarks(row: ImportReject) -> list[Any]:
    """One line a row, however much is wrong with it: corrected, it is one row again."""
    columns = dict.fromkeys(fault["column"] for fault in row.faults if fault["column"])
    return [row.row_number, "; ".join(columns), " ".join(_reasons(row, named=len(columns) > 1))]


def _reasons(row: ImportReject, *, named: bool) -> Iterator[str]:
    for fault in row.faults:
        yield f"{fault['column']}: {fault['reason']}" if named and fault["column"] else fault["reason"]


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


def _harmless(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; an import takes the quote away again."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
