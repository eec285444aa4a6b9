"""Reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.clock import rfc3339
from servicekit.web.cursors import decode_cursor, encode_cursor
from services.identity.credentials import API_KEY_PREFIX, SESSION_PREFIX, digest
from services.identity.errors import InvalidCredential
from services.identity.models import ApiKey, Publisher, Staff, StaffSession
from services.identity.roles import PUBLISHER_SCOPES, scopes_of

_LIST = "api_keys"


def email_key(email: str) -> str:
    """An email address as it is compared: people don't remember in which case they once typed it."""
    return email.strip().casefold()


def caller_of(session: Session, *, credential: str, now: datetime) -> Caller:
    """Whose this API key or session secret is, with the rights they have now. For the role ``system``.

    Raises InvalidCredential, also for a signed token: those are made here and never taken from outside.
    """
    if credential.startswith(API_KEY_PREFIX):
        return _caller_of_api_key(session, credential)
    if credential.startswith(SESSION_PREFIX):
        return _caller_of_session(session, credential, now)
    raise InvalidCredential


def _caller_of_api_key(session: Session, credential: str) -> Caller:
    key = session.execute(
        select(ApiKey.id, ApiKey.name, ApiKey.publisher_id, ApiKey.scopes).where(
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
        scopes=frozenset(key.scopes) & set(PUBLISHER_SCOPES),
    )


def _caller_of_session(session: Session, credential: str, now: datetime) -> Caller:
    staff = session.execute(
        select(Staff.id, Staff.name, Staff.publisher_id, Staff.role)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(
            StaffSession.secret_hash == digest(credential), StaffSession.expires_at > now, Staff.disabled_at.is_(None)
        )
    ).first()
    if staff is None:
        raise InvalidCredential
    return Caller(
        kind="staff",
        actor_id=staff.id,
        name=staff.name,
        publisher_id=staff.publisher_id,
        role=staff.role,
        scopes=scopes_of(staff.role),
    )


def staff_by_email(session: Session, email: str) -> Staff | None:
    """The active staff member who signs in with this address. For the role ``system``."""
    return session.scalars(
        select(Staff).where(Staff.email_key == email_key(email), Staff.disabled_at.is_(None))
    ).one_or_none()


def publisher_of_session(session: Session, secret: str) -> str | None:
    """The publisher to whose staff this session belongs. For the role ``system``."""
    return session.scalars(select(StaffSession.publisher_id).where(StaffSession.secret_hash == digest(secret))).first()


def get_publisher(session: Session, publisher_id: str) -> dict[str, Any]:
    """The publisher, as the API shows it."""
    publisher = session.scalars(select(Publisher).where(Publisher.publisher_id == publisher_id)).one()
    return {"id": publisher.publisher_id, "name": publisher.name, "created_at": rfc3339(publisher.created_at)}


def list_api_keys(session: Session, *, publisher_id: str, cursor: str | None, limit: int) -> dict[str, Any]:
    """A page of the publisher's API keys, revoked ones too, newest first. Raises InvalidCursor."""
    statement = select(ApiKey).where(ApiKey.publisher_id == publisher_id)
    if cursor is not None:
        (last_id,) = decode_cursor(_LIST, cursor, str)
        statement = statement.where(ApiKey.id < last_id)
    found = session.scalars(statement.order_by(ApiKey.id.desc()).limit(limit + 1)).all()
    items = found[:limit]
    next_cursor = encode_cursor(_LIST, items[-1].id) if len(found) > limit else None
    return {"items": [api_key_state(key) for key in items], "next_cursor": next_cursor}


def api_key_state(key: ApiKey) -> dict[str, Any]:
    """An API key, as the API shows it: without its secret, which nobody has any more."""
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "scopes": sorted(key.scopes),
        "created_by": key.created_by,
        "created_at": rfc3339(key.created_at),
        "revoked_at": None if key.revoked_at is None else rfc3339(key.revoked_at),
    }
