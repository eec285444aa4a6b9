"""Keeps the database up while the product runs: a server that has died is told of and started again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from embedded.postgres_errors import EmbeddedPostgresError

MOST_ATTEMPTS = 3
WITHIN_SECONDS = 60.0
PAUSE_SECONDS = 5.0  # between attempts that failed: a full disk isn't emptied in a moment


class Server(Protocol):
    """What is kept up."""

    @property
    def died(self) -> bool:
        """Whether it was started and has ended without being stopped."""

    def revive(self) -> None:
        """Start it again. Raises EmbeddedPostgresError."""


class GivenUp(EmbeddedPostgresError):
    """The database ends again and again, or can't be started any more."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the database could not be kept up ({MOST_ATTEMPTS} attempts within {WITHIN_SECONDS:.0f} seconds). "
            f"{reason} What was acknowledged is not lost; ./accounts up starts it again."
        )


class Keeper:
    """Looks after one server, from the main thread, which alone may start it.

    ``say`` tells the user; ``revived`` is called once the server answers again.
    """

    def __init__(
        self,
        server: Server,
        *,
        say: Callable[[str], None],
        revived: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._say = say
        self._revived = revived
        self._clock = clock
        self._attempts: list[float] = []
        self._not_before = 0.0
        self._reason = "PostgreSQL ended again and again."

    def look(self) -> None:
        """Start the server again if it has died. Raises GivenUp."""
        if not self._server.died or self._clock() < self._not_before:
            return
        now = self._clock()
        self._attempts = [attempt for attempt in self._attempts if now - attempt < WITHIN_SECONDS]
        if len(self._attempts) >= MOST_ATTEMPTS:
            raise GivenUp(self._reason)
        self._attempts.append(now)
        self._say("the database has died; starting it again")
        try:
            self._server.revive()
        except EmbeddedPostgresError as error:
            self._reason = str(error)
            self._not_before = self._clock() + PAUSE_SECONDS
        else:
            self._revived()
