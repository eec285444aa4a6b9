"""API keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.identity.credentials import API_KEY_PREFIX, digest, new_secret
from services.identity.errors import ApiKeyNotFound, ScopesNotYours
from services.identity.models import ApiKey
from services.identity.roles import PRESENT_LIST

_HINT_CHARACTERS = len(API_KEY_PREFIX) + 4


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
        scopes_version=PRESENT_LIST,
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
