"""Waking consumers of the same process as soon as something was published."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable


class Arrivals:
    """Counts what was published to each queue, so that a consumer can wait for the next without asking the database."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts: Counter[str] = Counter()

    def announce(self, queues: Iterable[str]) -> None:
        """Something was committed to these queues."""
        with self._changed:
            self._counts.update(queues)
            self._changed.notify_all()

    def seen(self, queue: str) -> int:
        """A mark to pass to ``wait``: take it before looking into the queue."""
        with self._changed:
            return self._counts[queue]

    def wait(self, queue: str, mark: int, timeout: float) -> None:
        """Return when something came after ``mark``, or after ``timeout`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._counts[queue] != mark, timeout)
