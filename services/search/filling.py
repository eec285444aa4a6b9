"""Filling an index from the projection, in key order, while changes go to it by the indexers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from servicekit import faults
from servicekit.db.database import Database
from services.search import publishers, queries, rebuild_state
from services.search.engine.errors import EngineUnavailable
from services.search.engine.port import Engine, IndexEntry, Outcome, WriteResult
from services.search.rebuild_hold import SHORTEST_PAUSE, Hold
from services.search.transactions import is_transaction
from services.search.writing import documents_of, write

Position = tuple[str, str]
"""Publisher, and the ID of a customer or, behind all of those, of a transaction."""

MOST_REFUSED = 1_000
_MEANWHILE_SECONDS = 0.5


class EngineRefuses(Exception):
    """The engine refuses so many documents that the index would be worth little."""


@dataclass
class Filler:
    """Writes to the index ``target``: ``batch`` customers at once, ``rate`` a second at most (0: as fast as it goes).

    ``meanwhile`` is called now and then. ``refused`` counts what the engine wouldn't take.
    """

    database: Database
    engine: Engine
    target: str
    holder: str
    hold: Hold
    batch: int = 500
    rate: float = 0.0
    meanwhile: Callable[[], object] = lambda: None
    refused: int = 0
    _began: float = field(default_factory=time.monotonic)
    _next: float = 0.0

    def fill(self, position: Position, written: int, progress: Callable[[int], None]) -> None:
        """Write everybody behind ``position``, of whom ``written`` are before it. Raises EngineRefuses, TakenOver."""
        before = written
        while rows := self.hold.until_done(partial(self._rows, position)):
            documents, unmade = documents_of(rows)
            refused = [result for result in self.put(documents) if result.outcome is Outcome.REFUSED]
            self.refused += len(refused) + len(unmade)
            if self.refused > MOST_REFUSED:
                raise EngineRefuses((*refused, *unmade)[0].reason)
            faults.reach("rebuild:written")
            position, written = (rows[-1].publisher_id, rows[-1].id), written + len(rows)
            self.hold.until_done(partial(self._note, position, written))
            faults.reach("rebuild:noted")
            progress(written)
            self._pause(written - before)

    def put(self, documents: Sequence[IndexEntry]) -> list[WriteResult]:
        """Write these, whatever it takes; what became of each: written, stale or refused. Raises TakenOver."""
        results: list[WriteResult] = []
        left = list(documents)
        while left:
            found = self.hold.until_done(partial(self._try, left))
            results += [result for result in found if result.outcome is not Outcome.RETRY]
            left = [entry for entry, result in zip(left, found, strict=True) if result.outcome is Outcome.RETRY]
            if left:
                time.sleep(SHORTEST_PAUSE)
        return results

    def _try(self, documents: Sequence[IndexEntry]) -> list[WriteResult]:
        found = write(self.engine, documents, [self.target])
        if all(result.outcome is Outcome.RETRY for result in found):
            raise EngineUnavailable(found[0].reason)
        return found

    def _rows(self, after: Position) -> Sequence[Any]:
        publisher_id, identifier = after
        with queries.reading(self.database) as connection:
            publisher_id = publisher_id or publishers.next_publisher(connection, "") or ""
            while publisher_id:
                if not is_transaction(identifier):
                    rows = queries.customers_after(connection, publisher_id, identifier, self.batch)
                    if rows:
                        return rows
                    identifier = ""
                rows = queries.transactions_after(connection, publisher_id, identifier, self.batch)
                if rows:
                    return rows
                publisher_id, identifier = publishers.next_publisher(connection, publisher_id) or "", ""
            return []

    def _note(self, position: Position, written: int) -> None:
        with self.database.transaction() as session:
            rebuild_state.note_position(session, self.holder, position, written)

    def _pause(self, done: int) -> None:
        """Keep to the rate, and let what else is to be done be done."""
        while True:
            now = time.monotonic()
            if now >= self._next:
                self.meanwhile()
                self._next = time.monotonic() + _MEANWHILE_SECONDS
            early = self._began + done / self.rate - now if self.rate else 0.0
            if early <= 0:
                return
            self.hold.check()
            time.sleep(min(early, SHORTEST_PAUSE))
