"""Kills, as the process that dies sees them: where and when it kills itself, noted just before.

Each life of a process draws a point, a wait and a count from a random source made of the run's seed, the process's name
and how many kills it has behind it: the ``count``-th time that the point is reached after the wait, it dies by SIGKILL.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

POINTS: dict[str, tuple[str, ...]] = {
    "web": ("web:written", "web:committed"),
    "relay": ("relay:read", "relay:published", "relay:settling", "relay:settled"),
    "worker": ("worker:received", "worker:handled", "worker:committed", "worker:acknowledged"),
    "sender": ("sender:begun", "sender:answered", "sender:written"),
    "indexer": ("indexer:claimed", "indexer:written", "indexer:clearing", "indexer:cleared"),
}
"""The points of each kind of process at which it has work in hand (``relay:claimed`` is reached without any, too)."""

AT_RANDOM = "at a random moment"
_LONGEST_LIFE = {"web": 3.0, "relay": 1.2, "worker": 1.2, "sender": 0.6, "indexer": 0.6}
"""Seconds that a life lasts at most until its point counts. The longer, the more the others get to do."""
_MOST_PASSES = 3


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: of which process, and where in its work."""

    name: str
    kind: str
    point: str


class KillLog:
    """The kills of a run in a file, which outlives whoever writes in it. Lines are appended whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def note(self, kill: Kill) -> None:
        """Add one, before it happens."""
        line = f"{kill.name}\t{kill.kind}\t{kill.point}\n".encode()
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)

    def read(self) -> list[Kill]:
        """All so far, in their order."""
        return [Kill(*line.split("\t")) for line in self._path.read_text().splitlines()]


@dataclass(frozen=True, slots=True)
class Sentence:
    """What the hook needs to know; it is handed to the process that is to be killed."""

    name: str
    kind: str
    seed: int
    log: Path
    armed: Path
    """Kills happen while this file is there."""


class Executioner:
    """The hook for ``servicekit.faults``. Works across forks: a process forked by this one draws anew."""

    def __init__(self, sentence: Sentence) -> None:
        self._sentence = sentence
        self._lock = threading.Lock()
        self._pid = 0
        self._point = ""
        self._passes = 0
        self._not_before = 0.0
        self._group = False

    def __call__(self, point: str) -> None:
        """A point is reached: die here, or don't."""
        with self._lock:
            if self._pid != os.getpid():
                self._draw()
            if point != self._point or time.monotonic() < self._not_before or not self._sentence.armed.exists():
                return
            self._passes -= 1
            if self._passes > 0:
                return
            KillLog(self._sentence.log).note(Kill(self._sentence.name, self._sentence.kind, point))
            if self._group:
                os.killpg(os.getpgrp(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    def _draw(self) -> None:
        mine = self._sentence
        lives = Counter(kill.name for kill in KillLog(mine.log).read())[mine.name]
        draw = random.Random(f"{mine.seed}/{mine.name}/{lives}")
        self._pid = os.getpid()
        self._point = draw.choice(POINTS[mine.kind])
        self._passes = draw.randint(1, _MOST_PASSES)
        self._not_before = time.monotonic() + draw.uniform(0.0, _LONGEST_LIFE[mine.kind])
        # A web server is a parent and its worker: now the worker alone dies, now both.
        self._group = draw.random() < 0.5
