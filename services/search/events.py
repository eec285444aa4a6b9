"""What this service publishes."""

from __future__ import annotations

from datetime import datetime

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from servicekit import outbox
from servicekit.clock import rfc3339
from servicekit.events import Event, EventType
from servicekit.ids import new_id

SOURCE = "/search"
SERVICE = "search"


class SubjectErasedData(Schema):
    """A person of whom this service holds nothing any more, its index included."""

    customer_id = fields.String(required=True, metadata={"description": "The customer that was anonymized."})
    service = fields.String(
        required=True, validate=validate.Equal(SERVICE), metadata={"description": "Who confirms.", "example": SERVICE}
    )
    erased_at = fields.AwareDateTime(
        required=True,
        metadata={"description": "When the last of it was gone.", "example": "2026-03-12T09:30:00.000000Z"},
    )


SUBJECT_ERASED = EventType(
    "search.subject.erased.v1", SubjectErasedData, "Search holds nothing of an anonymized customer any more."
)
PUBLISHED = (SUBJECT_ERASED,)


def publish_subject_erased(
    session: Session, *, publisher_id: str, customer_id: str, doc_version: int, now: datetime
) -> None:
    """Confirm an erasure. ``doc_version`` orders what search says of this customer."""
    outbox.publish(
        session,
        Event(
            id=new_id("evt"),
            type=SUBJECT_ERASED.name,
            source=SOURCE,
            subject=customer_id,
            time=now,
            publisher_id=publisher_id,
            aggregate_version=doc_version,
            datasubject=customer_id,
            data={"customer_id": customer_id, "service": SERVICE, "erased_at": rfc3339(now)},
        ),
    )
