"""The current time, in one place so that tests can move it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The current time in UTC, to the microsecond (what PostgreSQL keeps)."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """``moment`` as RFC 3339 in UTC with a ``Z``, as every answer and event writes it.

    Raises ValueError for a naive datetime: its zone would be a guess.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place on the time line")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
