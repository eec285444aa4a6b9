"""Connections to the PostgreSQL index, and the database's errors as the port's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import SQLAlchemyError

from servicekit.db.database import is_transient
from services.search.engine.errors import EngineRefused, EngineUnavailable
from services.search.engine.postgres_query import Statement

T = TypeVar("T")

ATTEMPTS = 5
"""Tries of a transaction that PostgreSQL ended because of a deadlock."""
_DEADLOCK = {"40P01", "40001"}
_CANCELED = "57014"

# The planner doesn't know how many customers have a word, and takes it for a few: two sets of a hundred thousand would
# be joined by comparing each with each. What is to be looked up one by one says so (LATERAL); all else is hashed. Nor
# does it know how early a search ends: of the words that begin with one letter it would read the whole vocabulary.
_PLANS = {"enable_nestloop": "off", "enable_mergejoin": "off", "enable_seqscan": "off", "work_mem": "32MB"}
_TIME = "SELECT set_config('statement_timeout', :milliseconds, false)"
_SET = ", ".join((_TIME, *(f"set_config('{name}', '{value}', false)" for name, value in _PLANS.items())))
_RESET = "; ".join(f"RESET {name}" for name in ("statement_timeout", *_PLANS))
_CLOSE = 0.05
"""Seconds by which a statement may outlast the time of all."""


class OutOfTime(Exception):
    """A search was not done in the time it has."""


class Sessions:
    """Transactions and reads on ``database``; no connection is held between them."""

    def __init__(self, database: sqlalchemy.Engine) -> None:
        self.database = database

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which each statement is a transaction of its own. Raises EngineUnavailable, EngineRefused."""
        with translated(), self.database.connect() as connection, _planned_anew(connection):
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def searching(self, seconds: float) -> Iterator[Reader]:
        """Reads that may take so many seconds together, planned for searches."""
        with self.reading() as connection:
            try:
                yield Reader(connection, seconds)
            finally:
                _as_before(connection)

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction, again when PostgreSQL ended it because of a deadlock.

        Raises EngineUnavailable, EngineRefused.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with translated(), self.database.begin() as connection:
                    return work(connection)
            except _Deadlock:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError


class Reader:
    """Statements that have only so many ``seconds`` together."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._connection = connection
        self._ends = time.monotonic() + seconds
        self._limit: float | None = None

    @property
    def left(self) -> float:
        """Seconds."""
        return self._ends - time.monotonic()

    def rows(self, statement: Statement, *, sparing: float = 0.0) -> Sequence[Row[Any]]:
        """What ``statement`` finds, done so early that ``sparing`` seconds are left. Raises OutOfTime."""
        seconds = self.left - sparing
        if seconds <= 0:
            raise OutOfTime
        self._limit_to(seconds)
        try:
            return self._connection.execute(text(statement.sql), statement.parameters).all()
        except SQLAlchemyError as error:
            if getattr(getattr(error, "orig", None), "sqlstate", None) == _CANCELED and self.left - sparing <= _CLOSE:
                raise OutOfTime from None
            raise

    def _limit_to(self, seconds: float) -> None:
        if self._limit is not None and self._limit - _CLOSE <= seconds <= self._limit + _CLOSE:
            return
        statement = _SET if self._limit is None else _TIME
        self._connection.execute(text(statement), {"milliseconds": str(max(1, int(seconds * 1_000)))})
        self._limit = seconds


def _as_before(connection: Connection) -> None:
    """Others get the connection next."""
    try:
        connection.exec_driver_sql(_RESET)
    except SQLAlchemyError:
        connection.invalidate()


@contextmanager
def _planned_anew(connection: Connection) -> Iterator[None]:
    """Nothing is prepared meanwhile: how many customers have a word decides the plan, and no one plan suits all."""
    driver: Any = connection.connection.driver_connection
    threshold, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = threshold


class _Deadlock(EngineUnavailable):
    """PostgreSQL ended this transaction so that another could go on; the same again works."""


@contextmanager
def translated() -> Iterator[None]:
    """The database's errors as the port's. Their texts hold parameters, personal data among them: left out."""
    try:
        yield
    except SQLAlchemyError as error:
        original = getattr(error, "orig", None)
        if getattr(original, "sqlstate", None) in _DEADLOCK:
            raise _Deadlock("PostgreSQL met a deadlock") from None
        name = type(original or error).__name__
        if is_transient(error):
            raise EngineUnavailable(f"PostgreSQL can't do this now: {name}") from None
        raise EngineRefused(f"PostgreSQL refused: {name}") from None
