"""Whose a credential is. All for the role ``system``: the publisher isn't known before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from services.identity.credentials import API_KEY_PREFIX, SESSION_PREFIX, digest
from services.identity.errors import InvalidCredential
from services.identity.models import ApiKey, Staff, StaffSession
from services.identity.queries.sessions import is_live
from services.identity.roles import scopes_of, scopes_of_key


@dataclass(frozen=True, slots=True)
class Found:
    """Whose a credential is; of a session also when it was last used, coarsely."""

    caller: Caller
    last_used_at: datetime | None = None


def caller_of(session: Session, *, credential: str, now: datetime, idle: timedelta) -> Found:
    """Whose this API key or session secret is, with the rights they have now.

    A session that was unused for as long as ``idle`` has ended. Raises InvalidCredential, also for a signed
    token: those are made here and never taken from outside.
    """
    if credential.startswith(API_KEY_PREFIX):
        return Found(_caller_of_api_key(session, credential))
    if credential.startswith(SESSION_PREFIX):
        return _caller_of_session(session, credential, now, idle)
    raise InvalidCredential


def publisher_of_session(session: Session, secret: str) -> str | None:
    """The publisher to whose staff this session belongs."""
    return session.scalars(select(StaffSession.publisher_id).where(StaffSession.secret_hash == digest(secret))).first()


def _caller_of_api_key(session: Session, credential: str) -> Caller:
    key = session.execute(
        select(ApiKey.id, ApiKey.name, ApiKey.publisher_id, ApiKey.scopes, ApiKey.scopes_version).where(
            ApiKey.secret_hash == digest(credential), ApiKey.revoked_at.is_(None)
        )
    ).first()
    if key is None:
        raise InvalidCredential
    return Caller(
        kind="api_key",
        actor_id=key.id,
        name=key.name,
        publisher_id=key.publisher_id,
        role=None,
        scopes=scopes_of_key(key.scopes, key.scopes_version),
    )


def _caller_of_session(session: Session, credential: str, now: datetime, idle: timedelta) -> Found:
    staff = session.execute(
        select(
            Staff.id,
            Staff.name,
            Staff.publisher_id,
            Staff.role,
            Staff.password_change_required,
            StaffSession.id.label("session_id"),
            StaffSession.last_used_at,
        )
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(StaffSession.secret_hash == digest(credential), is_live(now, idle), Staff.disabled_at.is_(None))
    ).first()
    if staff is None:
        raise InvalidCredential
    caller = Caller(
        kind="staff",
        actor_id=staff.id,
        name=staff.name,
        publisher_id=staff.publisher_id,
        role=staff.role,
        # Whoever made a temporary password knows it: it opens nothing but the change of itself.
        scopes=frozenset() if staff.password_change_required else scopes_of(staff.role),
        session_id=staff.session_id,
    )
    return Found(caller, staff.last_used_at)
