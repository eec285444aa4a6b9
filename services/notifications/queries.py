"""Reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.orm import Session

from servicekit.web.cursors import InvalidCursor, decode_cursor, encode_cursor
from services.notifications.errors import ContentErased, EmailNotFound, NotRenderedYet
from services.notifications.kinds import QUEUED
from services.notifications.models import Attachment, Email, Logo
from services.notifications.views import email_state

_columns = Email.__table__.columns
_SHOWN = (
    "id", "customer_id", "kind", "status", "subject", "to_address", "language", "created_at", "ended_at", "attempts",
    "in_doubt", "failure_code", "failure", "resend_of", "transaction_id", "subscription_id", "invoice_number",
    "version",
)  # fmt: skip
_log_row = select(*[_columns[name] for name in _SHOWN])


def list_emails(session: Session, *, publisher_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """A page of the log, newest first (``wanted`` as in ``ListEmails``). Raises InvalidCursor.

    Paging is by time and ID, neither of which ever changes.
    """
    statement = _filtered(_log_row.where(_columns.publisher_id == publisher_id), wanted)
    if wanted.get("cursor") is not None:
        at, after = decode_cursor("emails", wanted["cursor"], str, str)
        statement = statement.where(tuple_(_columns.created_at, _columns.id) < (_moment(at), after))
    limit = wanted["limit"]
    rows = session.execute(statement.order_by(_columns.created_at.desc(), _columns.id.desc()).limit(limit + 1)).all()
    cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        cursor = encode_cursor("emails", last.created_at.isoformat(), last.id)
    return {"items": [email_state(row) for row in rows[:limit]], "next_cursor": cursor}


def get_email(session: Session, publisher_id: str, email_id: str) -> Email:
    """One mail. Raises EmailNotFound."""
    found = session.scalars(select(Email).where(Email.publisher_id == publisher_id, Email.id == email_id)).one_or_none()
    if found is None:
        raise EmailNotFound
    return found


def content_of(session: Session, publisher_id: str, email_id: str) -> Email:
    """One mail that has its content. Raises EmailNotFound, ContentErased, NotRenderedYet."""
    email = get_email(session, publisher_id, email_id)
    if email.html is None or email.text is None:
        raise NotRenderedYet if email.status == QUEUED else ContentErased
    return email


def logo_of(session: Session, email: Email) -> Logo | None:
    """The picture that a mail shows."""
    return session.get(Logo, (email.publisher_id, email.logo_id)) if email.logo_id is not None else None


def attachment_names(session: Session, email: Email) -> list[str]:
    """The names of a mail's files."""
    return list(
        session.scalars(
            select(Attachment.file_name)
            .where(Attachment.publisher_id == email.publisher_id, Attachment.email_id == email.id)
            .order_by(Attachment.position)
        )
    )


def _filtered(statement: Select[Any], wanted: dict[str, Any]) -> Select[Any]:
    for name in ("customer_id", "transaction_id"):
        if wanted.get(name) is not None:
            statement = statement.where(_columns[name] == wanted[name])
    for name in ("kind", "status"):
        if wanted.get(name):
            statement = statement.where(or_(*[_columns[name] == value for value in wanted[name]]))
    if wanted.get("created_from") is not None:
        statement = statement.where(_columns.created_at >= wanted["created_from"])
    if wanted.get("created_to") is not None:
        statement = statement.where(_columns.created_at < wanted["created_to"])
    return statement


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidCursor from None
    if found.tzinfo is None:
        raise InvalidCursor
    return found
