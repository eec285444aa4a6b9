"""How often a password may be tried: counted before it is known to fail, so that many at once can't slip through."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.errors import TooManyRequests
from services.identity.models import SignInAttempt

ATTEMPTS = 10
WINDOW = timedelta(minutes=15)


class TooManyAttempts(TooManyRequests):
    """Too many tries of a password; the right one isn't taken either until the time is over."""

    code = "too_many_attempts"


def bucket(secret: str, *parts: str) -> str:
    """What tries are counted under: a keyed hash, so that the table doesn't tell who tried from where."""
    return hmac.new(secret.encode(), "\0".join(parts).encode(), hashlib.sha256).hexdigest()


def count_attempt(session: Session, limits: Mapping[str, int], now: datetime) -> int | None:
    """Count one more try under each bucket; None if all are within their limits, else seconds to wait.

    For the role ``system``, in a transaction of its own. What is older than the window is cleared away.
    """
    old = SignInAttempt.began_at <= now - WINDOW
    session.execute(delete(SignInAttempt).where(old, SignInAttempt.bucket.not_in(list(limits))))
    waits = [0]
    for name in sorted(limits):  # in one order, so that no two wait for each other
        row = session.execute(
            insert(SignInAttempt)
            .values(bucket=name, attempts=1, began_at=now)
            .on_conflict_do_update(
                index_elements=["bucket"],
                set_={
                    "attempts": case((old, 1), else_=SignInAttempt.attempts + 1),
                    "began_at": case((old, now), else_=SignInAttempt.began_at),
                },
            )
            .returning(SignInAttempt.attempts, SignInAttempt.began_at)
        ).one()
        if row.attempts > limits[name]:
            waits.append(max(1, int((row.began_at + WINDOW - now).total_seconds()) + 1))
    return max(waits) or None


def check(wait: int | None) -> None:
    """Raise TooManyAttempts if there is something to wait for."""
    if wait is not None:
        raise TooManyAttempts(f"Too many attempts. Try again in {wait} seconds.", retry_after=wait)


def forget_attempts(session: Session, buckets: Iterable[str]) -> None:
    """Forget the tries counted under these. For the role ``system``."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.bucket.in_(list(buckets))))
