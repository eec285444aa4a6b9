"""Writes: publishers, API keys, sessions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.db.database import bind_publisher
from servicekit.ids import new_id
from services.identity.credentials import API_KEY_PREFIX, SESSION_PREFIX, digest, hash_password, new_secret
from services.identity.errors import ApiKeyNotFound, EmailTaken, ScopesNotYours
from services.identity.models import ApiKey, Publisher, Staff, StaffSession
from services.identity.queries import email_key

_HINT_CHARACTERS = len(API_KEY_PREFIX) + 4


def create_publisher(
    session: Session, *, name: str, owner_email: str, owner_name: str, password: str, now: datetime
) -> Staff:
    """Create a publisher with its owner, who signs in with this address and password.

    For a transaction of the role ``app`` that has no publisher yet: it is bound to the new one. Answers the owner.
    Raises EmailTaken.
    """
    publisher_id = new_id("pub")
    bind_publisher(session, publisher_id)
    session.add(Publisher(publisher_id=publisher_id, name=name, created_at=now))
    session.flush()
    values = {
        "id": new_id("stf"),
        "publisher_id": publisher_id,
        "email": owner_email,
        "email_key": email_key(owner_email),
        "name": owner_name,
        "role": "owner",
        "password_hash": hash_password(password),
        "created_at": now,
    }
    # Not looked up before: row level security hides the staff of other publishers, the unique index does not.
    statement = insert(Staff).values(values).on_conflict_do_nothing(index_elements=["email_key"]).returning(Staff)
    owner = session.scalars(statement).one_or_none()
    if owner is None:
        raise EmailTaken
    return owner


def create_api_key(
    session: Session,
    *,
    publisher_id: str,
    name: str,
    scopes: Iterable[str],
    grantable: frozenset[str],
    created_by: str,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Create an API key with ``scopes``; answers it and its secret, which can't be had again.

    ``grantable`` is what its maker has: nobody passes on more. Raises ScopesNotYours.
    """
    wanted = set(scopes)
    if not wanted <= grantable:
        raise ScopesNotYours(wanted - grantable)
    secret = new_secret(API_KEY_PREFIX)
    key = ApiKey(
        id=new_id("key"),
        publisher_id=publisher_id,
        name=name,
        secret_hash=digest(secret),
        hint=secret[:_HINT_CHARACTERS],
        scopes=sorted(wanted),
        created_by=created_by,
        created_at=now,
        revoked_at=None,
    )
    session.add(key)
    session.flush()
    return key, secret


def revoke_api_key(session: Session, *, publisher_id: str, key_id: str, now: datetime) -> None:
    """Revoke an API key: it stops working within 60 seconds. Doing it again changes nothing. Raises ApiKeyNotFound."""
    key = session.scalars(
        select(ApiKey).where(ApiKey.publisher_id == publisher_id, ApiKey.id == key_id).with_for_update()
    ).one_or_none()
    if key is None:
        raise ApiKeyNotFound
    if key.revoked_at is None:
        key.revoked_at = now
        session.flush()


def begin_session(session: Session, *, staff: Staff, lifetime: timedelta, now: datetime) -> str:
    """Begin a session of this staff member; answers its secret. Their sessions that have ended are cleared away."""
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff.id, StaffSession.expires_at <= now))
    secret = new_secret(SESSION_PREFIX)
    session.add(
        StaffSession(
            secret_hash=digest(secret),
            publisher_id=staff.publisher_id,
            staff_id=staff.id,
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    session.flush()
    return secret


def end_session(session: Session, *, secret: str) -> None:
    """End the session with this secret. Doing it again changes nothing."""
    session.execute(delete(StaffSession).where(StaffSession.secret_hash == digest(secret)))
