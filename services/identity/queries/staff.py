"""Staff, as the API shows them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.clock import rfc3339
from servicekit.web.cursors import decode_cursor, encode_cursor
from services.identity.errors import StaffNotFound
from services.identity.models import Publisher, Staff, StaffPreferences, StaffSession
from services.identity.queries.preferences import DEFAULT_PREFERENCES

_LIST = "staff"


def email_key(email: str) -> str:
    """An email address as it is compared: people don't remember in which case they once typed it."""
    return email.strip().casefold()


def staff_by_email(session: Session, email: str) -> Staff | None:
    """The active staff member who signs in with this address. For the role ``system``."""
    return session.scalars(
        select(Staff).where(Staff.email_key == email_key(email), Staff.disabled_at.is_(None))
    ).one_or_none()


def staff_by_emails(session: Session, *, publisher_id: str, emails: Collection[str]) -> list[dict[str, str]]:
    """The publisher's staff, disabled ones too, who have one of these addresses; ``email`` as it is compared."""
    keys = {email_key(email) for email in emails}
    mine = (Staff.publisher_id == publisher_id, Staff.email_key.in_(keys))
    rows = session.execute(select(Staff.id, Staff.name, Staff.email_key).where(*mine).order_by(Staff.id))
    return [{"id": row.id, "name": row.name, "email": row.email_key} for row in rows]


def get_staff(session: Session, *, publisher_id: str, staff_id: str) -> Staff:
    """A staff member of the publisher, disabled or not. Raises StaffNotFound."""
    member = session.scalars(
        select(Staff).where(Staff.publisher_id == publisher_id, Staff.id == staff_id)
    ).one_or_none()
    if member is None:
        raise StaffNotFound
    return member


def list_staff(session: Session, *, publisher_id: str, cursor: str | None, limit: int) -> dict[str, Any]:
    """A page of the publisher's staff, disabled ones too, in the order they were added. Raises InvalidCursor."""
    statement = select(Staff).where(Staff.publisher_id == publisher_id)
    if cursor is not None:
        (last_id,) = decode_cursor(_LIST, cursor, str)
        statement = statement.where(Staff.id > last_id)
    found = session.scalars(statement.order_by(Staff.id).limit(limit + 1)).all()
    items = found[:limit]
    next_cursor = encode_cursor(_LIST, items[-1].id) if len(found) > limit else None
    return {"items": [staff_state(member) for member in items], "next_cursor": next_cursor}


def staff_state(member: Staff) -> dict[str, Any]:
    """A staff member, as the API shows them."""
    return {
        "id": member.id,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "status": "active" if member.disabled_at is None else "disabled",
        "password_change_required": member.password_change_required,
        "created_at": rfc3339(member.created_at),
        "last_sign_in_at": None if member.last_sign_in_at is None else rfc3339(member.last_sign_in_at),
        "disabled_at": None if member.disabled_at is None else rfc3339(member.disabled_at),
    }


def get_me(session: Session, caller: Caller) -> dict[str, Any]:
    """Who the caller is, as the API shows it."""
    return {
        "id": caller.actor_id,
        "kind": caller.kind,
        "name": caller.name,
        "role": caller.role,
        "publisher_id": caller.publisher_id,
        "scopes": sorted(caller.scopes),
        **(_about_staff(session, caller) if caller.kind == "staff" else _NOT_STAFF),
    }


_NOT_STAFF = {
    "email": None,
    "publisher_name": None,
    "session_expires_at": None,
    "password_change_required": False,
    "preferences": None,
}


def _about_staff(session: Session, caller: Caller) -> dict[str, Any]:
    found = session.execute(
        select(
            Staff.email,
            Staff.password_change_required,
            Publisher.name.label("publisher_name"),
            StaffSession.expires_at,
            StaffPreferences.document,
        )
        .join(Publisher, Publisher.publisher_id == Staff.publisher_id)
        .outerjoin(StaffSession, (StaffSession.staff_id == Staff.id) & (StaffSession.id == caller.session_id))
        .outerjoin(StaffPreferences, StaffPreferences.staff_id == Staff.id)
        .where(Staff.publisher_id == caller.publisher_id, Staff.id == caller.actor_id)
    ).one()
    return {
        "email": found.email,
        "publisher_name": found.publisher_name,
        # None: it was ended within the last minute, and the caller's token hasn't yet.
        "session_expires_at": None if found.expires_at is None else rfc3339(found.expires_at),
        "password_change_required": found.password_change_required,
        "preferences": {**DEFAULT_PREFERENCES, **(found.document or {})},
    }
