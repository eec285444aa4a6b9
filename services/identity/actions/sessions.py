"""Sessions of staff."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.ids import new_id
from services.identity.credentials import SESSION_PREFIX, digest, new_secret
from services.identity.errors import SessionNotFound, WrongCredentials
from services.identity.models import Staff, StaffSession

_LONGEST_USER_AGENT = 300
_CLEARED_AT_ONCE = 1000
_SELDOM = timedelta(minutes=1)


def begin_session(
    session: Session, *, staff: Staff, lifetime: timedelta, now: datetime, user_agent: str | None = None
) -> str:
    """Begin a session of this staff member; answers its secret. Sessions of
    the publisher that have expired are cleared away.

    ``staff`` is as its password was checked: if they were disabled or the password was changed since, this raises
    WrongCredentials.
    """
    # The staff member before their sessions, as everywhere: else two could wait for each other.
    still = session.execute(
        update(Staff)
        .where(Staff.id == staff.id, Staff.disabled_at.is_(None), Staff.password_hash == staff.password_hash)
        .values(last_sign_in_at=now)
        .returning(Staff.id)
        .execution_options(synchronize_session=False)
    ).first()
    if still is None:
        raise WrongCredentials
    _clear_ended(session, staff.publisher_id, now)
    secret = new_secret(SESSION_PREFIX)
    session.add(
        StaffSession(
            secret_hash=digest(secret),
            publisher_id=staff.publisher_id,
            staff_id=staff.id,
            created_at=now,
            expires_at=now + lifetime,
            id=new_id("ssn"),
            last_used_at=now,
            user_agent=user_agent[:_LONGEST_USER_AGENT] if user_agent else None,
        )
    )
    session.flush()
    return secret


def _clear_ended(session: Session, publisher_id: str, now: datetime) -> None:
    """Delete sessions that expired, without waiting for anybody who does the same."""
    expired = (
        select(StaffSession.secret_hash)
        .where(StaffSession.publisher_id == publisher_id, StaffSession.expires_at <= now)
        .limit(_CLEARED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    session.execute(
        delete(StaffSession).where(StaffSession.secret_hash.in_(expired)).execution_options(synchronize_session=False)
    )


def end_session(session: Session, *, secret: str) -> str | None:
    """End the session with this secret; whose it was, or None if it had ended already."""
    ended = delete(StaffSession).where(StaffSession.secret_hash == digest(secret)).returning(StaffSession.staff_id)
    return session.execute(ended).scalar_one_or_none()


def end_sessions(session: Session, *, publisher_id: str, staff_id: str, but: str | None = None) -> None:
    """End the sessions of this staff member, all or all ``but`` the one with this ID."""
    statement = delete(StaffSession).where(StaffSession.publisher_id == publisher_id, StaffSession.staff_id == staff_id)
    session.execute(statement if but is None else statement.where(StaffSession.id != but))


def end_own_session(session: Session, caller: Caller, *, session_id: str) -> None:
    """End the caller's session with this ID. Raises SessionNotFound."""
    ended = session.execute(
        delete(StaffSession)
        .where(
            StaffSession.publisher_id == caller.publisher_id,
            StaffSession.staff_id == caller.actor_id,
            StaffSession.id == session_id,
        )
        .returning(StaffSession.id)
    ).first()
    if ended is None:
        raise SessionNotFound


def record_use(session: Session, *, session_id: str, last_used_at: datetime, now: datetime) -> None:
    """Note that a session is in use, at most once a minute: this is done where credentials are exchanged.

    For the role ``system``. ``last_used_at`` is what was noted before.
    """
    if now - last_used_at >= _SELDOM:
        session.execute(
            update(StaffSession)
            .where(StaffSession.id == session_id, StaffSession.last_used_at <= now - _SELDOM)
            .values(last_used_at=now)
            .execution_options(synchronize_session=False)
        )
