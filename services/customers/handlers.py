"""What this service does about others' events."""

from __future__ import annotations

from sqlalchemy.orm import Session

from servicekit.events import Event
from servicekit.subscriptions import Erasure
from services.customers.erasure import confirm_erasure
from services.customers.inbound import SubjectErased

_subject_erased = SubjectErased()


def note_confirmation(session: Session, event: Event) -> None:
    """A participant of an anonymization has done its part."""
    told = _subject_erased.load(event.data)
    confirm_erasure(session, customer_id=event.datasubject or event.subject, service=told["service"], at=event.time)


QUEUE = "customers"
SUBSCRIPTIONS = {
    "billing.subject.erased.v1": Erasure(note_confirmation),
    "search.subject.erased.v1": Erasure(note_confirmation),
    "notifications.subject.erased.v1": Erasure(note_confirmation),
    "notes.subject.erased.v1": Erasure(note_confirmation),
}
