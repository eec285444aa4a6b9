"""API keys, as the API shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.clock import rfc3339
from servicekit.web.cursors import decode_cursor, encode_cursor
from services.identity.models import ApiKey
from services.identity.roles import scopes_of_key

_LIST = "api_keys"


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
        "scopes": sorted(scopes_of_key(key.scopes, key.scopes_version)),
        "created_by": key.created_by,
        "created_at": rfc3339(key.created_at),
        "revoked_at": None if key.revoked_at is None else rfc3339(key.revoked_at),
    }
