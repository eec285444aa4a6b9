"""The scheduler: takes what is due, a customer at a time, and has it charged. Any number of them, killed anywhere."""

from __future__ import annotations

import random
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
from services.billing.execution.executor import Executor
from services.billing.notified.pruning import prune_receipts
from services.billing.renewals.claims import Due, claim_due, customers_with_access_over
from services.billing.renewals.due import handle_due
from services.billing.renewals.expiry import expire_access

HANDLED = Counter("billing_due_total", "Subscriptions that were due, by what came of the look at them.", ["result"])
BATCH = 20
_IDLE_SECONDS = (0.05, 1.0)
_PRUNE_SECONDS = 3600.0
_log = structlog.get_logger("renewals")


class Scheduler:
    """Does what time brings. ``app`` is the role that sees one publisher, ``system`` the one that sees all."""

    def __init__(
        self, app: Database, system: Database, executor: Executor, *, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._app = app
        self._system = system
        self._executor = executor
        self._now = now
        self._pruned_at = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, whatever the database does meanwhile."""
        idle = _IDLE_SECONDS[0]
        while not stop.is_set():
            try:
                done = self.step(stop)
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("renewals interrupted", error=type(error).__name__)
                stop.wait(1.0)
                continue
            idle = _IDLE_SECONDS[0] if done else min(idle * 2, _IDLE_SECONDS[1])
            if not done:
                stop.wait(idle)

    def step(self, stop: threading.Event | None = None) -> int:
        """Do some of what is due; how much. Raises DBAPIError."""
        with self._system.transaction() as session:
            due = claim_due(session, now=self._now(), limit=BATCH)
        for done, each in enumerate(due, 1):
            self._guarded(each)
            if stop is not None and stop.is_set():
                return done
        return len(due) + self._expire() + self._prune()

    def _guarded(self, due: Due) -> None:
        """One that can't be handled must not keep the others from it: it comes again when its claim has run out."""
        try:
            self._renew(due)
            HANDLED.labels("done").inc()
        except Exception as error:
            _log_or_raise(error, due.id)

    def _renew(self, due: Due) -> None:
        reach("renewal:claimed")
        with self._app.transaction(due.publisher_id) as session:
            operation = handle_due(
                session, publisher_id=due.publisher_id, customer_id=due.customer_id, subscription_id=due.id,
                now=self._now(),
            )  # fmt: skip
            operation_id = operation.id if operation is not None else None
        if operation_id is not None:
            reach("renewal:created")
            self._executor.carry_out(due.publisher_id, operation_id)

    def _expire(self) -> int:
        with self._system.transaction() as session:
            found = list(customers_with_access_over(session, now=self._now(), limit=BATCH))
        # Not all schedulers in the same order: what one has done the next finds done.
        random.shuffle(found)
        count = 0
        for publisher_id, customer_id in found:
            try:
                with self._app.transaction(publisher_id) as session:
                    count += expire_access(session, publisher_id=publisher_id, customer_id=customer_id, now=self._now())
            except Exception as error:
                _log_or_raise(error, customer_id)
        return count

    def _prune(self) -> int:
        if time.monotonic() < self._pruned_at + _PRUNE_SECONDS:
            return 0
        self._pruned_at = time.monotonic()
        return prune_receipts(self._system, now=self._now())


def _log_or_raise(error: Exception, what: str) -> None:
    if is_transient(error):
        raise error
    HANDLED.labels("error").inc()
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    _log.error("due, but failed", subject=what, error=type(error).__name__, frames=frames[-12:])
