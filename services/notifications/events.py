"""What this service publishes. An event about a mail carries its full public state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from servicekit import outbox
from servicekit.clock import rfc3339
from servicekit.events import Event, EventType
from servicekit.ids import new_id
from servicekit.web.describing import described
from services.notifications import kinds
from services.notifications.views import EmailState, email_state

SOURCE = "/notifications"
SERVICE = "notifications"


class SubjectErasedNotice(Schema):
    """A person of whom this service holds nothing any more."""

    customer_id = fields.String(required=True, metadata=described("The customer that was anonymized."))
    service = fields.String(
        required=True, validate=validate.Equal(SERVICE), metadata=described("Who confirms.", SERVICE)
    )
    erased_at = fields.AwareDateTime(
        required=True, metadata=described("When the last of it was gone.", "2026-03-12T09:30:00.000000Z")
    )


QUEUED = EventType("notifications.email.queued.v1", EmailState, "A mail was written, and is to be sent.")
SENT = EventType("notifications.email.sent.v1", EmailState, "The mail server took a mail.")
FAILED = EventType("notifications.email.failed.v1", EmailState, "A mail could not be delivered, and won't be.")
BOUNCED = EventType("notifications.email.bounced.v1", EmailState, "A mail came back after it had been sent.")
GENERATED = EventType(
    "notifications.email.generated.v1", EmailState, "A mail was written that the publisher is to deliver itself."
)
SUBJECT_ERASED = EventType(
    "notifications.subject.erased.v1",
    SubjectErasedNotice,
    "Notifications holds nothing personal of an anonymized customer any more.",
)
PUBLISHED = (QUEUED, SENT, FAILED, BOUNCED, GENERATED, SUBJECT_ERASED)
_OF_STATUS = {
    kinds.QUEUED: QUEUED,
    kinds.SENT: SENT,
    kinds.FAILED: FAILED,
    kinds.BOUNCED: BOUNCED,
    kinds.GENERATED: GENERATED,
}


def publish_email(session: Session, email: Any, *, now: datetime) -> None:
    """Publish a mail's present state as the event of its status."""
    outbox.publish(session, _of_email(email, now))


def publish_emails(session: Session, emails: Iterable[Any], *, now: datetime) -> None:
    """As ``publish_email``, of many."""
    outbox.publish_all(session, [_of_email(email, now) for email in emails])


def _of_email(email: Any, now: datetime) -> Event:
    return Event(
        id=new_id("evt"),
        type=_OF_STATUS[email.status].name,
        source=SOURCE,
        subject=email.id,
        time=now,
        publisher_id=email.publisher_id,
        aggregate_version=email.version,
        datasubject=email.customer_id,
        data=email_state(email),
    )


def publish_subject_erased(
    session: Session, *, publisher_id: str, customer_id: str, version: int, now: datetime
) -> None:
    """Confirm an erasure."""
    outbox.publish(
        session,
        Event(
            id=new_id("evt"),
            type=SUBJECT_ERASED.name,
            source=SOURCE,
            subject=customer_id,
            time=now,
            publisher_id=publisher_id,
            aggregate_version=version,
            datasubject=customer_id,
            data={"customer_id": customer_id, "service": SERVICE, "erased_at": rfc3339(now)},
        ),
    )
