"""Which types of held events may be tried: as this relay last saw it, and forgotten with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from servicekit.relay.sending import Sent

RETRY_SECONDS = 5.0
"""How long nothing of a type that no queue took is tried again, but for what is new."""


class Routes:
    """What a queue takes depends on the type alone, so one event of each type is tried for all that wait for it.

    A type is closed after one of its events came back, for ``retry_seconds``; then one is tried. It is open once one
    went through, that one or a new one: everything that waits for it may leave.
    """

    def __init__(self, *, retry_seconds: float = RETRY_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self._retry_seconds = retry_seconds
        self._now = now
        self._closed_until: dict[str, float] = {}
        self._open: set[str] = set()

    def found(self, types: Iterable[str]) -> None:
        """Events are held that wait for these types."""
        for event_type in types:
            if event_type not in self._open:
                self._closed_until.setdefault(event_type, self._now())

    def to_try(self) -> dict[str, bool]:
        """The types of which something may be sent now, and whether that is everything (else one event)."""
        due = [event_type for event_type, until in self._closed_until.items() if until <= self._now()]
        return {**dict.fromkeys(self._open, True), **dict.fromkeys(due, False)}

    def nothing_held(self, event_type: str) -> None:
        """Nothing waits for this type any more."""
        self._open.discard(event_type)
        self._closed_until.pop(event_type, None)

    def learn(self, sent: Sent) -> None:
        """See what became of a batch."""
        for event_type in {event.type for event in sent.done} & self._closed_until.keys():
            del self._closed_until[event_type]
            self._open.add(event_type)
        for event_type in {event.type for event in sent.unroutable}:
            self._open.discard(event_type)
            self._closed_until[event_type] = self._now() + self._retry_seconds

    def forget(self) -> None:
        """Begin anew, as another relay would."""
        self._open.clear()
        self._closed_until.clear()
