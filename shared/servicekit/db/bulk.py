"""Many rows in one statement: given as one JSON text. (COPY, faster still, doesn't go through row level security.)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import FromClause, TextClause, text
from sqlalchemy.orm import Session


def insertion(table: FromClause, more: str = "") -> TextClause:
    """A statement that inserts the rows of ``send``; ``more`` follows it, such as an ``ON CONFLICT``."""
    columns = ", ".join(column.name for column in table.columns)
    name = table.description
    return text(
        f"INSERT INTO {name} ({columns}) "  # noqa: S608
        f"SELECT {columns} FROM json_populate_recordset(NULL::{name}, :rows) {more}"
    )


def send(session: Session, statement: TextClause, rows: Sequence[object]) -> None:
    """Run a statement whose parameter ``rows`` is a JSON text; none where there are no rows."""
    if rows:
        session.execute(statement, {"rows": orjson.dumps(rows).decode()})


def as_bytea(value: bytes) -> str:
    """As PostgreSQL reads ``bytea`` from text."""
    return rf"\x{value.hex()}"


def without_nul(value: Any) -> Any:
    """A value of JSON without the one character that PostgreSQL doesn't keep."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [without_nul(inner) for inner in value]
    if isinstance(value, dict):
        return {without_nul(name): without_nul(inner) for name, inner in value.items()}
    return value
