"""An engine that is spared while it hangs or is down, so that a search costs no time-out meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import structlog
from prometheus_client import Counter

from services.search.engine.errors import EngineRefused, EngineUnavailable, TooBroad
from services.search.engine.port import Engine

_spared = Counter("search_engine_spared_total", "Searches answered without the engine, because it had just failed.")
_log = structlog.get_logger("search")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """When an engine is given a rest: after one failure that took ``slow_seconds`` in which it answered nobody else, or
    after so many in a row. The rests grow from the first to the second of ``rest_seconds`` while trying it takes that
    long too. A trial that has not ended after ``trial_seconds`` is taken for lost."""

    slow_seconds: float = 1.0
    failures: int = 5
    rest_seconds: tuple[float, float] = (1.0, 5.0)
    trial_seconds: float = 30.0


def guarded(engine: Engine, patience: Patience | None = None, *, now: Callable[[], float] = time.monotonic) -> Engine:
    """``engine``, its searches answered with EngineUnavailable at once while it has a rest. Safe for many threads.

    After a rest one search tries it, and the others go on without until that one has an answer. Everything but
    ``search`` and ``find_transactions`` goes straight to the engine.
    """
    return cast("Engine", _Guarded(engine, _Breaker(patience or Patience(), now)))


class _Guarded:
    def __init__(self, engine: Engine, breaker: _Breaker) -> None:
        self._engine = engine
        self._breaker = breaker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def search(self, *arguments: Any, **named: Any) -> Any:
        return self._asked(self._engine.search, *arguments, **named)

    def find_transactions(self, *arguments: Any, **named: Any) -> Any:
        return self._asked(self._engine.find_transactions, *arguments, **named)

    def _asked(self, ask: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        attempt = self._breaker.begin()
        try:
            page = ask(*arguments, **named)
        except EngineUnavailable:
            self._breaker.failed(attempt)
            raise
        except (EngineRefused, TooBroad):
            self._breaker.answered(attempt)
            raise
        except BaseException:
            self._breaker.gave_up(attempt)
            raise
        self._breaker.answered(attempt)
        return page


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One search: when it began, and before or after which rests. What belongs to an earlier time is no news."""

    began: float
    era: int


class _Breaker:
    def __init__(self, patience: Patience, now: Callable[[], float]) -> None:
        self._patience = patience
        self._now = now
        self._lock = threading.Lock()
        self._era = 0
        self._failures = 0
        self._rests = 0
        self._answered_at = float("-inf")
        self._resting_until: float | None = None

    def begin(self) -> _Attempt:
        """Leave to ask the engine. Raises EngineUnavailable."""
        with self._lock:
            present = self._now()
            if self._resting_until is not None:
                if present < self._resting_until:
                    _spared.inc()
                    raise EngineUnavailable("the engine has just failed, and is not asked for a moment")
                # This one tries; until it is done, or is taken for lost, the others don't.
                self._resting_until = present + self._patience.trial_seconds
                self._era += 1
            return _Attempt(present, self._era)

    def answered(self, attempt: _Attempt) -> None:
        """The engine is well."""
        with self._lock:
            if attempt.era != self._era:
                return
            self._failures = self._rests = 0
            self._answered_at = self._now()
            if self._resting_until is not None:
                self._resting_until = None
                _log.info("engine answers again")

    def failed(self, attempt: _Attempt) -> None:
        """It is not."""
        with self._lock:
            if attempt.era != self._era:
                return
            self._failures += 1
            # One search may be too much for an engine that is well.
            hangs = self._answered_at < attempt.began <= self._now() - self._patience.slow_seconds
            if hangs or self._failures >= self._patience.failures or self._resting_until is not None:
                self._rest(longer=hangs)

    def gave_up(self, attempt: _Attempt) -> None:
        """The search came to nothing for another reason: if it was a trial, the next one tries."""
        with self._lock:
            if attempt.era == self._era and self._resting_until is not None:
                self._resting_until = self._now()

    def _rest(self, *, longer: bool) -> None:
        shortest, longest = self._patience.rest_seconds
        rest = min(shortest * 2.0 ** min(self._rests, 30), longest)
        self._rests = self._rests + 1 if longer else 0
        self._era += 1
        self._failures = 0
        self._resting_until = self._now() + rest
        _log.warning("engine spared", seconds=rest)
