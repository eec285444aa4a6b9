"""How the outbox is doing, for metrics, readiness and ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

# By the time each event was written; the oldest has the smallest number, near enough.
_STATUS = text(
    """
    SELECT (SELECT count(*) FROM outbox),
        coalesce(extract(epoch FROM now() - (SELECT time FROM outbox ORDER BY seq LIMIT 1)), 0),
        (SELECT count(*) FROM outbox WHERE held)
    """
)


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How many events wait, how old the oldest is in seconds, how many are held: no queue takes them, or one before
    them of the same aggregate."""

    waiting: int
    oldest_seconds: float
    unroutable: int


def outbox_status(session: Session) -> OutboxStatus:
    """The outbox as it is now; ``session`` is one of the role ``system``."""
    waiting, oldest, unroutable = session.execute(_STATUS).one()
    return OutboxStatus(int(waiting), max(0.0, float(oldest)), int(unroutable))
