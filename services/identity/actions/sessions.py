"""Sessions of staff."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.identity.credentials import SESSION_PREFIX, digest, new_secret
from services.identity.errors import WrongCredentials
from services.identity.models import Staff, StaffSession

_LONGEST_USER_AGENT = 300


def begin_session(
    session: Session, *, staff: Staff, lifetime: timedelta, now: datetime, user_agent: str | None = None
) -> str:
    """Begin a session of this staff member; answers its secret. Their sessions that have ended are cleared away.

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
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff.id, StaffSession.expires_at <= now))
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


def end_session(session: Session, *, secret: str) -> str | None:
    """End the session with this secret; whose it was, or None if it had ended already."""
    ended = delete(StaffSession).where(StaffSession.secret_hash == digest(secret)).returning(StaffSession.staff_id)
    return session.execute(ended).scalar_one_or_none()


def end_sessions(session: Session, *, publisher_id: str, staff_id: str, but: str | None = None) -> None:
    """End the sessions of this staff member, all or all ``but`` the one with this ID."""
    statement = delete(StaffSession).where(StaffSession.publisher_id == publisher_id, StaffSession.staff_id == staff_id)
    session.execute(statement if but is None else statement.where(StaffSession.id != but))
