"""Holding the rebuild: nobody else works at it meanwhile, and nothing that passes by itself ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from servicekit.db.database import Database, is_transient
from services.search import rebuild_state
from services.search.engine.errors import EngineUnavailable
from services.search.rebuild_state import TakenOver

T = TypeVar("T")

RENEW_SECONDS = 3.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds of rest while engine or database are down."""


class Running(Exception):
    """Another rebuild is under way."""


def obtain(database: Database, holder: str, begin: Callable[[], bool]) -> bool:
    """Hold the rebuild that was interrupted, or ``begin`` one; whether there was one.

    Waits until it is sure that nobody is at it any more, for as long as a hold lasts. Raises Running.
    """
    while True:
        with database.transaction() as session:
            seen = rebuild_state.look(session)
            if seen is not None and rebuild_state.take(session, holder):
                return True
        if seen is None:
            if begin():
                return False
        else:
            _watch(database, seen.holder)


def _watch(database: Database, holder: str) -> None:
    """Return when a hold has run out, or is gone; raise Running when it is renewed."""
    with database.transaction() as session:
        first = rebuild_state.look(session)
    while True:
        time.sleep(SHORTEST_PAUSE)
        with database.transaction() as session:
            now = rebuild_state.look(session)
        if first is None or now is None or not now.held:
            return
        if now.held_until > first.held_until or now.holder != first.holder:
            raise Running(f"another rebuild is under way (of {holder}); it is at: {now.step}")


class Hold:
    """The rebuild is this process's while the block runs, however long a single step takes.

    ``patience``: seconds for which engine or database may be away. ``waits`` is told why it waits.
    """

    def __init__(self, database: Database, holder: str, *, patience: float, waits: Callable[[str], None]) -> None:
        self._database = database
        self._holder = holder
        self._patience = patience
        self._waits = waits
        self._over = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="rebuild-hold", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        # If this fails, it runs out by itself.
        with suppress(SQLAlchemyError), self._database.transaction() as session:
            rebuild_state.release(session, self._holder)

    def check(self) -> None:
        """Raise TakenOver if somebody else holds it by now."""
        if self._lost.is_set():
            raise TakenOver

    def until_done(self, work: Callable[[], T]) -> T:
        """Do ``work``, again and again while engine or database can't. Raises what else it raises, and TakenOver."""
        deadline, pause = time.monotonic() + self._patience, SHORTEST_PAUSE
        while True:
            self.check()
            try:
                return work()
            except (EngineUnavailable, SQLAlchemyError) as error:
                passes = isinstance(error, EngineUnavailable) or is_transient(error)
                if not passes or time.monotonic() > deadline:
                    raise
                self._waits(str(error) if isinstance(error, EngineUnavailable) else "the database can't do this now")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _renew(self) -> None:
        while not self._over.wait(RENEW_SECONDS):
            try:
                with self._database.transaction() as session:
                    rebuild_state.renew(session, self._holder)
            except TakenOver:
                self._lost.set()
                return
            except SQLAlchemyError:
                continue  # it stays ours unless somebody takes it
