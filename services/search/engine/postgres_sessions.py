"""Connections to the PostgreSQL index, and the database's errors as the port's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from servicekit.db.database import is_transient
from services.search.engine.errors import EngineRefused, EngineUnavailable

T = TypeVar("T")

ATTEMPTS = 5
"""Tries of a transaction that PostgreSQL ended because of a deadlock."""
_DEADLOCK = {"40P01", "40001"}


class Sessions:
    """Transactions and reads on ``database``; no connection is held between them."""

    def __init__(self, database: sqlalchemy.Engine) -> None:
        self.database = database

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which each statement is a transaction of its own. Raises EngineUnavailable, EngineRefused."""
        with translated(), self.database.connect() as connection, _planned_anew(connection):
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

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
