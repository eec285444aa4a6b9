"""The process that works on the rows of files: batch by batch, each in one transaction together with its position.

Killed anywhere, it or another one goes on where the last commit was; nothing is done twice.
"""

from __future__ import annotations

import gc
import threading
import time
import traceback
from collections.abc import Callable
from datetime import datetime

import structlog
from prometheus_client import Counter

from servicekit import clock
from servicekit.db.database import Database, is_transient
from servicekit.faults import reach
from servicekit.imports.batches import Overtaken, work_batch
from servicekit.imports.jobs import Claim, claim_import, fail_import, postpone_import, release_import, sweep
from servicekit.imports.kinds import Imports, NotYet

ROWS = Counter("import_rows_total", "Rows worked on, by what became of them.", ["service", "result"])
SLICE_SECONDS = 3.0
"""How long one publisher's import is worked on before it is another publisher's turn."""

_IDLE_SECONDS = (0.05, 0.5)
_BACK_OFF_SECONDS = (0.2, 5.0)
_SWEEP_SECONDS = 5.0
_DEFECT = "This is a defect on our side. The rows before went in; the import's ID helps to find what is wrong."
_log = structlog.get_logger("importer")


class Importer:
    """Works on whatever import waits. ``app`` is the role that sees one publisher, ``system`` the one that sees all.

    Any number of them share the work; ``worker_id`` is each one's own.
    """

    def __init__(
        self,
        imports: Imports,
        app: Database,
        system: Database,
        *,
        worker_id: str,
        now: Callable[[], datetime] = clock.now,
        slice_seconds: float = SLICE_SECONDS,
    ) -> None:
        self._imports = imports
        self._tables = imports.tables
        self._app = app
        self._system = system
        self._worker = worker_id
        self._now = now
        self._slice = slice_seconds
        self._swept_at = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, whatever the database does meanwhile."""
        gc.freeze()  # a batch makes many objects: what was there before need not be looked through each time
        idle, back_off = _IDLE_SECONDS[0], _BACK_OFF_SECONDS[0]
        while not stop.is_set():
            try:
                done = self.step(stop)
                back_off = _BACK_OFF_SECONDS[0]
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("import interrupted", error=type(error).__name__, retry_in=back_off)
                stop.wait(back_off)
                back_off = min(back_off * 2, _BACK_OFF_SECONDS[1])
                continue
            idle = _IDLE_SECONDS[0] if done else min(idle * 2, _IDLE_SECONDS[1])
            if not done:
                stop.wait(idle)

    def step(self, stop: threading.Event | None = None) -> int:
        """A turn at one import, and some sweeping; how many rows were worked on or swept. Raises DBAPIError."""
        swept = self._sweep()
        with self._system.transaction() as session:
            claim = claim_import(session, self._tables, self._worker)
        if claim is None:
            return swept
        reach("importer:claimed")
        try:
            worked, ended = self._work(claim, stop)
        except Overtaken:
            return swept + 1
        except NotYet as missing:
            self._postpone(claim, missing)
            return swept + 1
        except Exception as error:
            if is_transient(error):
                raise
            self._give_up(claim, error)
            return swept + 1
        if not ended:
            with self._system.transaction() as session:
                release_import(session, self._tables, claim)
        return swept + worked + 1

    def _postpone(self, claim: Claim, missing: NotYet) -> None:
        _log.info("import waits", import_id=claim.import_id, **missing.awaits)
        with self._system.transaction() as session:
            postpone_import(session, self._tables, claim, seconds=missing.seconds, awaits=missing.awaits)

    def _give_up(self, claim: Claim, error: Exception) -> None:
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        _log.error("import failed", import_id=claim.import_id, error=type(error).__name__, frames=frames[-12:])
        with self._system.transaction() as session:
            fail_import(session, self._tables, claim, code="internal_error", detail=_DEFECT, now=self._now())

    def _work(self, claim: Claim, stop: threading.Event | None) -> tuple[int, bool]:
        """Batches until the turn is over; how many rows, and whether the import has ended."""
        worked, ends = 0, time.monotonic() + self._slice
        while True:
            done = work_batch(self._app, self._imports, claim, now=self._now)
            if done is None:
                return worked, True
            worked += sum(done.counts.values())
            for result, count in done.counts.items():
                ROWS.labels(self._imports.name, result).inc(count)
            if time.monotonic() >= ends or (stop is not None and stop.is_set()):
                return worked, False

    def _sweep(self) -> int:
        if time.monotonic() < self._swept_at + _SWEEP_SECONDS:
            return 0
        with self._system.transaction() as session:
            gone = sweep(session, self._tables, now=self._now())
        if gone == 0:  # else there may be more
            self._swept_at = time.monotonic()
        return gone
