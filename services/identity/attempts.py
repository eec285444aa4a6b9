"""How often a password may be tried: counted before it is known to fail, so that many at once can't slip through."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.errors import TooManyRequests
from services.identity.models import SignInAttempt, SignInPlace

ATTEMPTS = 10
WINDOW = timedelta(minutes=15)
# For so long a place from which somebody signed in is taken to be theirs.
PLACE_KEPT = timedelta(days=30)
_CLEARED_AT_ONCE = 1000


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
    # Those that others are at are left to them: waiting here, holding what is counted above, could be for each other.
    stale = select(SignInAttempt.bucket).where(old).limit(_CLEARED_AT_ONCE).with_for_update(skip_locked=True)
    session.execute(
        delete(SignInAttempt).where(SignInAttempt.bucket.in_(stale)).execution_options(synchronize_session=False)
    )
    return max(waits) or None


def check(wait: int | None) -> None:
    """Raise TooManyAttempts if there is something to wait for."""
    if wait is not None:
        raise TooManyAttempts(f"Too many attempts. Try again in {wait} seconds.", retry_after=wait)


def forgive_attempt(session: Session, *, forgotten: Iterable[str], given_back: Iterable[str] = ()) -> None:
    """After a success: forget all tries under some buckets, and take back this one under others.

    For the role ``system``.
    """
    forgetting = set(forgotten)
    for name in sorted({*forgetting, *given_back}):
        if name in forgetting:
            session.execute(delete(SignInAttempt).where(SignInAttempt.bucket == name))
        else:
            session.execute(
                update(SignInAttempt)
                .where(SignInAttempt.bucket == name, SignInAttempt.attempts > 0)
                .values(attempts=SignInAttempt.attempts - 1)
                .execution_options(synchronize_session=False)
            )


def is_known_place(session: Session, place: str, now: datetime) -> bool:
    """Whether a sign-in has succeeded from this place lately. For the role ``system``."""
    found = session.execute(
        select(SignInPlace.bucket).where(SignInPlace.bucket == place, SignInPlace.seen_at > now - PLACE_KEPT)
    )
    return found.first() is not None


def remember_place(session: Session, place: str, now: datetime) -> None:
    """Note that a sign-in has succeeded from this place, and forget those of long ago. For the role ``system``."""
    session.execute(
        insert(SignInPlace)
        .values(bucket=place, seen_at=now)
        .on_conflict_do_update(index_elements=["bucket"], set_={"seen_at": now})
    )
    long_ago = (
        select(SignInPlace.bucket)
        .where(SignInPlace.seen_at <= now - PLACE_KEPT)
        .limit(_CLEARED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    session.execute(
        delete(SignInPlace).where(SignInPlace.bucket.in_(long_ago)).execution_options(synchronize_session=False)
    )
