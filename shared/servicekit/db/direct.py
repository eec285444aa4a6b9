"""Statements given to psycopg directly: for what every request does, where SQLAlchemy's work on a statement would cost
several times what sending it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import JSON, Connection, Engine, Table, event
from sqlalchemy.orm import Session

SEPARATOR = ";\n"
"""Between statements carried out together, where SQLAlchemy's events and errors show them as one text."""

_ORDER = "servicekit_direct"
_FIRST = "servicekit_first"


class Statement(NamedTuple):
    """SQL with psycopg's placeholders (``%(name)s``), its text always the same, and the values for them."""

    sql: str
    values: Mapping[str, Any]


class Insert:
    """Inserts one row into ``table``."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._json = {column.name for column in table.columns if isinstance(column.type, JSON)}
        self._texts: dict[tuple[str, ...], str] = {}

    def __call__(self, values: Mapping[str, Any]) -> Statement:
        """The statement for ``values``, by column; None is NULL. Raises KeyError for what is no column."""
        names = tuple(values)
        sql = self._texts.get(names)
        if sql is None:
            sql = self._texts[names] = self._text(names)
        row = dict(values)
        for name in self._json & values.keys():
            if row[name] is not None:
                row[name] = Jsonb(row[name])
        return Statement(sql, row)

    def _text(self, given: Sequence[str]) -> str:
        if unknown := set(given) - set(self._table.columns.keys()):
            raise KeyError(f"{self._table.name} has no {sorted(unknown)}")
        names = [column.name for column in self._table.columns if column.name in given]
        places = ", ".join(f"%({name})s" for name in names)
        return f"INSERT INTO {self._table.name} ({', '.join(names)}) VALUES ({places})"  # noqa: S608 (names only)


def execute_directly(session: Session, statements: Sequence[Statement]) -> list[int]:
    """Carry statements out in their order, in the session's transaction; how many rows each wrote.

    Raises what SQLAlchemy raises (``IntegrityError``, …) for the first that fails. What is only in the session's
    memory is not written first.
    """
    first = None if session.in_nested_transaction() else session.info.pop(_FIRST, None)
    try:
        connection = session.connection()
    except BaseException:
        session.info[_FIRST] = first
        raise
    order = [first, *statements] if first else statements
    written: list[int] = []
    # Through SQLAlchemy, once for all of them: it knows what an error means for the connection and its pool.
    connection.exec_driver_sql(
        SEPARATOR.join([statement.sql for statement in order]), execution_options={_ORDER: (order, written)}
    )
    return written[1:] if first else written


def begin_with(session: Session, statement: Statement) -> None:
    """Have ``session``, which must not have used its connection yet, begin its transaction with this statement."""
    session.info[_FIRST] = statement


def teach(engine: Engine, sessions: Callable[..., Session]) -> None:
    """Have this engine do what ``execute_directly`` asks for, and these sessions what ``begin_with`` does."""
    event.listen(engine, "do_execute", _carry_out)
    event.listen(sessions, "after_begin", _begin)


def _begin(session: Session, _transaction: object, connection: Connection) -> None:
    first = session.info.pop(_FIRST, None)
    if first is not None:
        connection.exec_driver_sql(first.sql, dict(first.values))


def _carry_out(cursor: Any, _sql: str, _parameters: object, context: Any) -> bool:
    order = context.execution_options.get(_ORDER)
    if order is None:
        return False
    statements, written = order
    for sql, values in statements:
        cursor.execute(sql, values)
        written.append(cursor.rowcount)
    return True
