"""The file of rejected rows: each as it was, with what is wrong; corrected, it can itself be imported."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import select

from services.customers.imports.models import Import, RejectedRow
from services.customers.imports.receiving import Transaction

REMARKS = ("row", "column", "reason")
_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rejects_file(transaction: Transaction, job: Import) -> Iterator[bytes]:
    """The rejected rows in the import's own format, in their order; never many of them in memory."""
    lines = _json_lines if job.dialect["format"] == "ndjson" else _csv_lines
    if job.dialect["format"] != "ndjson":
        yield _csv([[*REMARKS, *job.layout["headings"]]])
    after = -1
    while True:
        with transaction() as session:
            rows = session.scalars(
                select(RejectedRow)
                .where(RejectedRow.import_id == job.id, RejectedRow.row_number > after)
                .order_by(RejectedRow.row_number)
                .limit(_AT_ONCE)
            ).all()
        if not rows:
            return
        after = rows[-1].row_number
        yield lines(rows, len(job.layout["headings"]))


def _csv_lines(rows: Sequence[RejectedRow], width: int) -> bytes:
    cells = [list(map(str, row.content or [])) for row in rows]
    return _csv([[*_remarks(row), *kept, *[""] * (width - len(kept))] for row, kept in zip(rows, cells, strict=True)])


def _json_lines(rows: Sequence[RejectedRow], _width: int) -> bytes:
    lines = []
    for row in rows:
        content = {name or "original": value for name, value in (row.content or {}).items() if name not in REMARKS}
        lines.append(orjson.dumps({**dict(zip(REMARKS, _remarks(row), strict=True)), **content}))
    return b"\n".join(lines) + b"\n"


def _remarks(row: RejectedRow) -> list[Any]:
    """One line a row, however much is wrong with it: corrected, it is one row again."""
    columns = dict.fromkeys(fault["column"] for fault in row.faults if fault["column"])
    return [row.row_number, "; ".join(columns), " ".join(_reasons(row, named=len(columns) > 1))]


def _reasons(row: RejectedRow, *, named: bool) -> Iterator[str]:
    for fault in row.faults:
        yield f"{fault['column']}: {fault['reason']}" if named and fault["column"] else fault["reason"]


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


def _harmless(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; an import takes the quote away again."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
