"""What this service publishes: each note's state, and one summary for each customer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from servicekit import outbox
from servicekit.clock import rfc3339
from servicekit.events import Event, EventType
from servicekit.ids import new_id
from services.notes.models import Customer, Note
from services.notes.views import NoteState, SummaryState, note_state, summary_state

SOURCE = "/notes"
SERVICE = "notes"


class SubjectErasedData(Schema):
    """A person of whom this service holds nothing any more."""

    customer_id = fields.String(required=True, metadata={"description": "The customer that was anonymized."})
    service = fields.String(
        required=True, validate=validate.Equal(SERVICE), metadata={"description": "Who confirms.", "example": SERVICE}
    )
    erased_at = fields.AwareDateTime(
        required=True,
        metadata={"description": "When the last of it was gone.", "example": "2026-03-12T09:30:00.000000Z"},
    )


ADDED = EventType("notes.note.added.v1", NoteState, "A note was written about a customer.")
EDITED = EventType("notes.note.edited.v1", NoteState, "A note's text or flags changed.")
DELETED = EventType("notes.note.deleted.v1", NoteState, "A note was deleted: its text is gone.")
SUMMARY_CHANGED = EventType(
    "notes.summary.changed.v1", SummaryState, "How many notes a customer has, or which flags, changed."
)
SUBJECT_ERASED = EventType(
    "notes.subject.erased.v1", SubjectErasedData, "Notes hold nothing of an anonymized customer any more."
)
PUBLISHED = (ADDED, EDITED, DELETED, SUMMARY_CHANGED, SUBJECT_ERASED)


def publish_note(session: Session, kind: EventType, note: Note, *, now: datetime) -> None:
    """Publish a note's present state. Whoever calls holds the lock on the customer's row."""
    outbox.publish(session, note_event(kind, note, now=now))


def note_event(kind: EventType, note: Note, *, now: datetime) -> Event:
    """What tells of a note's present state."""
    return Event(
        id=new_id("evt"),
        type=kind.name,
        source=SOURCE,
        subject=note.id,
        time=now,
        publisher_id=note.publisher_id,
        aggregate_version=note.version,
        datasubject=note.customer_id,
        data=note_state(note),
    )


def publish_summary(session: Session, customer: Customer, *, now: datetime) -> None:
    """Publish what is told of a customer, as the next version."""
    told = next_summary(customer, now=now)
    session.flush()
    outbox.publish(session, told)


def next_summary(customer: Customer, *, now: datetime) -> Event:
    """What tells of a customer, as the next version."""
    customer.summary_version += 1
    return _of_customer(SUMMARY_CHANGED, customer, summary_state(customer), now=now)


def publish_erased(session: Session, customer: Customer, *, now: datetime) -> None:
    """Confirm an erasure."""
    customer.summary_version += 1
    session.flush()
    data = {"customer_id": customer.customer_id, "service": SERVICE, "erased_at": rfc3339(now)}
    outbox.publish(session, _of_customer(SUBJECT_ERASED, customer, data, now=now))


def _of_customer(kind: EventType, customer: Customer, data: dict[str, Any], *, now: datetime) -> Event:
    return Event(
        id=new_id("evt"),
        type=kind.name,
        source=SOURCE,
        subject=customer.customer_id,
        time=now,
        publisher_id=customer.publisher_id,
        aggregate_version=customer.summary_version,
        datasubject=customer.customer_id,
        data=data,
    )
