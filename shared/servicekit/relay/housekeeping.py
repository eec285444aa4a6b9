"""What a relay does beside sending: positions in the event log, figures, deleting what was kept long enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from threading import Event as Stop

import structlog

from servicekit import metrics
from servicekit.db.database import Database
from servicekit.parking import count_parked
from servicekit.relay.retention import Retention, prune
from servicekit.relay.sequencer import give_positions
from servicekit.relay.status import outbox_status

POSITIONS_EVERY = 0.25
_MEASURE_EVERY = 5.0
_PRUNE_EVERY = 60.0
_MOST_BACK_OFF = 5.0

_log = structlog.get_logger(__name__)


class Housekeeping:
    """Runs in a thread of its own: none of it has to be done for the next event to leave, and all of it waits."""

    def __init__(self, database: Database, *, retention: Retention, now: Callable[[], datetime]) -> None:
        self._database = database
        self._retention = retention
        self._now = now
        self._due: dict[str, float] = {}

    def run(self, stop: Stop) -> None:
        """Do what is due until ``stop`` is set, whatever the database does meanwhile."""
        pause = POSITIONS_EVERY
        while not stop.wait(pause):
            try:
                self.step()
                pause = POSITIONS_EVERY
            except Exception as error:
                metrics.RELAY_FAILURES.inc()
                _log.warning("housekeeping failed", error=type(error).__name__, retry_in=pause)
                pause = min(pause * 2, _MOST_BACK_OFF)

    def step(self) -> None:
        """Do what is due. Raises when the database is in trouble."""
        give_positions(self._database)
        if self._is_due("measure", _MEASURE_EVERY):
            self._measure()
        if self._is_due("prune", _PRUNE_EVERY):
            prune(self._database, retention=self._retention, now=self._now())

    def _measure(self) -> None:
        with self._database.transaction() as session:
            status, parked = outbox_status(session), count_parked(session)
        metrics.PARKED_MESSAGES.clear()
        for consumer, count in parked.items():
            metrics.PARKED_MESSAGES.labels(consumer).set(count)
        metrics.OUTBOX_WAITING.set(status.waiting)
        metrics.OUTBOX_AGE.set(status.oldest_seconds)
        metrics.OUTBOX_UNROUTABLE.set(status.unroutable)

    def _is_due(self, what: str, every: float) -> bool:
        present = time.monotonic()
        if present < self._due.get(what, 0.0):
            return False
        self._due[what] = present + every
        return True
