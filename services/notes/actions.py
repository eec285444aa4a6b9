"""Writes: adding, editing and deleting notes, and flagging customers. Erasing is in ``erasure``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from servicekit.auth.caller import Caller
from servicekit.etag import etag
from servicekit.ids import new_id
from services.notes import events
from services.notes.errors import CustomerAnonymized, NoteChanged, NoteNotFound, NotYourNote, TooManyFlags
from services.notes.flagging import use_flags
from services.notes.imports.remembering import forget_digest
from services.notes.known import lock_customer, lock_even_unknown
from services.notes.models import Customer, Note
from services.notes.views import counted, may_change
from services.notes.vocabulary import MOST_FLAGS


def add_note(
    session: Session,
    *,
    publisher_id: str,
    customer_id: str,
    text: str,
    flags: Sequence[str],
    author: Caller,
    now: datetime,
    written_at: datetime | None = None,
) -> Note:
    """Write a note about a customer; ``text`` as ``note_text`` has it. ``written_at``: when, if not now.

    Raises CustomerNotFound, CustomerAnonymized, UnknownFlag.
    """
    customer = lock_customer(session, publisher_id, customer_id)
    chosen = use_flags(session, publisher_id, flags)
    note = Note(
        id=new_id("note"),
        publisher_id=publisher_id,
        customer_id=customer_id,
        text=text,
        flags=chosen,
        author_id=author.actor_id,
        author_name=author.name,
        author_kind=author.kind,
        created_at=written_at or now,
        version=1,
    )
    session.add(note)
    session.flush()
    customer.notes_count += 1
    customer.note_flags = counted(customer.note_flags, added=chosen)
    customer.last_note_at = max(note.created_at, customer.last_note_at or note.created_at)
    events.publish_note(session, events.ADDED, note, now=now)
    events.publish_summary(session, customer, now=now)
    return note


def edit_note(
    session: Session,
    *,
    publisher_id: str,
    note_id: str,
    text: str | None,
    flags: Sequence[str] | None,
    expected_version: int | None,
    editor: Caller,
    now: datetime,
) -> Note:
    """Replace a note's text or flags, or both (None: as it is). Only its author or the account owner may.

    Raises NoteNotFound, NotYourNote, CustomerAnonymized, NoteChanged, UnknownFlag.
    """
    customer, note = _lock_note(session, publisher_id, note_id, editor, expected_version)
    chosen = note.flags if flags is None else use_flags(session, publisher_id, flags, had=note.flags)
    if chosen == note.flags and text in (None, note.text):
        return note
    gained, lost = set(chosen) - set(note.flags), set(note.flags) - set(chosen)
    note.flags = chosen
    note.text = note.text if text is None else text
    note.edited_at = now
    note.editor_id, note.editor_name, note.editor_kind = editor.actor_id, editor.name, editor.kind
    note.version += 1
    session.flush()
    events.publish_note(session, events.EDITED, note, now=now)
    if gained or lost:
        customer.note_flags = counted(customer.note_flags, added=gained, removed=lost)
        events.publish_summary(session, customer, now=now)
    return note


def delete_note(
    session: Session,
    *,
    publisher_id: str,
    note_id: str,
    expected_version: int | None,
    editor: Caller,
    now: datetime,
) -> Note:
    """Delete a note: its text and flags are gone, and it is not there any more. Only its author or the owner may.

    Raises NoteNotFound, NotYourNote, CustomerAnonymized, NoteChanged.
    """
    customer, note = _lock_note(session, publisher_id, note_id, editor, expected_version)
    customer.notes_count -= 1
    customer.note_flags = counted(customer.note_flags, removed=note.flags)
    note.text, note.flags, note.deleted_at = None, [], now
    note.version += 1
    session.flush()
    forget_digest(session, note.id)
    left = (Note.publisher_id == publisher_id, Note.customer_id == note.customer_id, Note.deleted_at.is_(None))
    customer.last_note_at = session.scalar(select(func.max(Note.created_at)).where(*left))
    events.publish_note(session, events.DELETED, note, now=now)
    events.publish_summary(session, customer, now=now)
    return note


def flag_customer(session: Session, *, publisher_id: str, customer_id: str, key: str, now: datetime) -> Customer:
    """Put a flag on a customer; one that is there already changes nothing.

    Raises CustomerNotFound, CustomerAnonymized, UnknownFlag, TooManyFlags.
    """
    customer = lock_customer(session, publisher_id, customer_id)
    if key in customer.flags:
        return customer
    if len(customer.flags) >= MOST_FLAGS:
        raise TooManyFlags(MOST_FLAGS)
    customer.flags = use_flags(session, publisher_id, [*customer.flags, key], had=customer.flags)
    events.publish_summary(session, customer, now=now)
    return customer


def unflag_customer(session: Session, *, publisher_id: str, customer_id: str, key: str, now: datetime) -> Customer:
    """Take a flag off a customer; one that isn't there changes nothing. Raises CustomerNotFound, CustomerAnonymized."""
    customer = lock_customer(session, publisher_id, customer_id)
    if key in customer.flags:
        customer.flags = [flag for flag in customer.flags if flag != key]
        events.publish_summary(session, customer, now=now)
    return customer


def _lock_note(
    session: Session, publisher_id: str, note_id: str, editor: Caller, expected_version: int | None
) -> tuple[Customer, Note]:
    """The note and its customer, locked in the order that everybody keeps, and allowed to be changed."""
    mine = (Note.id == note_id, Note.publisher_id == publisher_id, Note.deleted_at.is_(None))
    customer_id = session.scalar(select(Note.customer_id).where(*mine))
    if customer_id is None:
        raise NoteNotFound
    customer = lock_even_unknown(session, publisher_id, customer_id)
    statement = select(Note).where(*mine).with_for_update()
    note = session.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()
    if note is None:
        raise NoteNotFound
    if not may_change(note, editor):
        raise NotYourNote
    if customer.erased_at is not None:
        raise CustomerAnonymized
    if expected_version is not None and expected_version != note.version:
        raise NoteChanged(current_etag=etag(note.version))
    return customer, note
