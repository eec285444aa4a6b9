"""What a worker has taken from its queue and isn't done with: what to try when, and whose fault a failure is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from servicekit import bus
from servicekit.events import Event

BACK_OFF_SECONDS = (0.1, 10.0)
TRIES_TOGETHER = 3
"""How often messages are tried in one transaction before each gets its own."""

MOST_FAILURES = 10
"""How often one message may fail for now, each time after others had succeeded, before it is its own fault."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came."""

    delivery: bus.Delivery
    event: Event | None
    """None where the message is no event of ours."""


@dataclass(slots=True, eq=False)
class Group:
    """Messages that are handled together."""

    messages: list[Received]
    failures: int = 0
    due: float = 0.0
    strikes: int = 0
    """Of its failures, those before which others had succeeded since the one before."""
    _seen: int | None = field(default=None, repr=False)

    def strike(self, successes: int) -> None:
        """It failed for now; ``successes`` is how often anything has succeeded so far."""
        if self._seen is not None and successes > self._seen:
            self.strikes += 1
        self._seen = successes


class InHand:
    """A worker's messages between receiving and acknowledging. What fails for now waits here and holds nobody up.

    Trouble lets everything fail. So a failure counts against a message only if others have succeeded since the one
    before.
    """

    def __init__(
        self, *, back_off: tuple[float, float] = BACK_OFF_SECONDS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._back_off = back_off
        self._now = now
        self._groups: list[Group] = []
        self._successes = 0

    def __len__(self) -> int:
        return sum(len(group.messages) for group in self._groups)

    def add(self, groups: Iterable[Group]) -> None:
        """New ones, to be tried before those that have failed."""
        self._groups = [*groups, *self._groups]

    def take_due(self) -> deque[Group]:
        """Those to be tried now; they are in hand again by ``put_back`` or ``set_back``."""
        present = self._now()
        due = deque(group for group in self._groups if group.due <= present)
        self._groups = [group for group in self._groups if group.due > present]
        return due

    def seconds_until_due(self) -> float:
        """How long nothing is to be tried again, in seconds."""
        return max(0.0, min((group.due for group in self._groups), default=0.0) - self._now())

    def put_back(self, groups: Iterable[Group]) -> None:
        """These were not to blame, or not tried."""
        self._groups += groups

    def note_success(self) -> None:
        """Something was handled: whoever fails now can't blame the circumstances alone."""
        self._successes += 1

    def set_back(self, group: Group, *, suspicious: bool) -> bool:
        """``group`` failed for now; whether it is to be given up, which only a ``suspicious`` failure leads to.

        Else it is tried again later, the later the more often it failed; several messages one by one in the end.
        """
        group.failures += 1
        if len(group.messages) > 1:
            together = group.failures < TRIES_TOGETHER
            self._later(group.failures, [group] if together else [Group([one]) for one in group.messages])
            return False
        if suspicious:
            group.strike(self._successes)
        if group.strikes >= MOST_FAILURES:
            return True
        self._later(group.failures, [group])
        return False

    def clear(self) -> None:
        """They come again from the queue."""
        self._groups.clear()

    def _later(self, failures: int, groups: list[Group]) -> None:
        shortest, longest = self._back_off
        for group in groups:
            group.due = self._now() + min(shortest * 2.0 ** min(failures - 1, 30), longest)
        self._groups += groups
