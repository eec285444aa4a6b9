"""Reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.clock import rfc3339
from servicekit.feed import FeedItem, FeedPage, read_feed
from servicekit.web.cursors import InvalidCursor, decode_cursor, encode_cursor
from services.notes.errors import CustomerNotFound, NoteNotFound
from services.notes.models import Customer, Note
from services.notes.views import shown_note, summary_state

_note = Note.__table__.columns
_customer = Customer.__table__.columns
_present = select(*_note).where(_note.deleted_at.is_(None))


def get_note(session: Session, publisher_id: str, note_id: str) -> Any:
    """One note. Raises NoteNotFound."""
    row = session.execute(_present.where(_note.publisher_id == publisher_id, _note.id == note_id)).one_or_none()
    if row is None:
        raise NoteNotFound
    return row


def get_customer(session: Session, publisher_id: str, customer_id: str) -> Any:
    """What is known of a customer, erased or not. Raises CustomerNotFound."""
    mine = (_customer.publisher_id == publisher_id, _customer.customer_id == customer_id)
    row = session.execute(select(*_customer).where(*mine)).one_or_none()
    if row is None:
        raise CustomerNotFound
    return row


def locked_customer(session: Session, note: Note) -> Customer:
    """The customer of a note that this transaction has locked already: nothing is read again."""
    return session.get_one(Customer, (note.publisher_id, note.customer_id))


def list_notes(
    session: Session, *, publisher_id: str, customer_id: str, cursor: str | None, limit: int, reader: Caller
) -> dict[str, Any]:
    """A page of a customer's notes, newest first, as ``reader`` sees them. Raises CustomerNotFound, InvalidCursor.

    Paging is by when they were written, which doesn't change: a note written meanwhile moves none that are to come.
    """
    get_customer(session, publisher_id, customer_id)
    kind = f"notes:{customer_id}"
    statement = _present.where(_note.publisher_id == publisher_id, _note.customer_id == customer_id)
    if cursor is not None:
        statement = statement.where(tuple_(_note.created_at, _note.id) < _position(kind, cursor))
    statement = statement.order_by(_note.created_at.desc(), _note.id.desc()).limit(limit + 1)
    rows = session.execute(statement).all()
    last = rows[limit - 1] if len(rows) > limit else None
    following = None if last is None else encode_cursor(kind, rfc3339(last.created_at), last.id)
    return {"items": [shown_note(row, reader) for row in rows[:limit]], "next_cursor": following}


def summaries_feed(session: Session, *, cursor: str | None, limit: int) -> FeedPage:
    """A page of what is told of every publisher's customers, for a consumer that begins: those with any change so far.

    An erased one is a tombstone.
    """
    told = select(*_customer).where(_customer.summary_version > 0)
    return read_feed(session, told, key=_customer.customer_id, present=_feed_item, cursor=cursor, limit=limit)


def _feed_item(row: Any) -> FeedItem:
    return FeedItem(
        subject=row.customer_id,
        publisher_id=row.publisher_id,
        version=row.summary_version,
        datasubject=row.customer_id,
        deleted=row.erased_at is not None,
        data={} if row.erased_at is not None else summary_state(row),
    )


def _position(kind: str, cursor: str) -> tuple[datetime, str]:
    moment, note_id = decode_cursor(kind, cursor, str, str)
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        raise InvalidCursor from None
    if at.tzinfo is None:
        raise InvalidCursor
    return at, note_id
