"""Sessions: which of them have not ended, and how they are shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.clock import rfc3339
from servicekit.web.cursors import decode_cursor, encode_cursor
from services.identity.models import StaffSession

_LIST = "sessions"


def is_live(now: datetime, idle: timedelta) -> ColumnElement[bool]:
    """That a session has neither expired nor been unused for as long as ``idle``."""
    return (StaffSession.expires_at > now) & (StaffSession.last_used_at > now - idle)


def list_own_sessions(
    session: Session, caller: Caller, *, cursor: str | None, limit: int, idle: timedelta, now: datetime
) -> dict[str, Any]:
    """A page of the caller's sessions that have not ended, newest first. Raises InvalidCursor."""
    statement = select(StaffSession).where(
        StaffSession.publisher_id == caller.publisher_id,
        StaffSession.staff_id == caller.actor_id,
        is_live(now, idle),
    )
    if cursor is not None:
        (last_id,) = decode_cursor(_LIST, cursor, str)
        statement = statement.where(StaffSession.id < last_id)
    found = session.scalars(statement.order_by(StaffSession.id.desc()).limit(limit + 1)).all()
    items = [_state(row, idle, current=row.id == caller.session_id) for row in found[:limit]]
    next_cursor = encode_cursor(_LIST, items[-1]["id"]) if len(found) > limit else None
    return {"items": items, "next_cursor": next_cursor}


def _state(row: StaffSession, idle: timedelta, *, current: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "current": current,
        "user_agent": row.user_agent,
        "created_at": rfc3339(row.created_at),
        "last_used_at": rfc3339(row.last_used_at),
        "ends_unused_at": rfc3339(min(row.last_used_at + idle, row.expires_at)),
        "expires_at": rfc3339(row.expires_at),
    }
