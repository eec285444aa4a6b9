"""Erasing a customer (C5): texts and flags are gone, that there was a note, by whom and when, stays."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from servicekit.kept_answers import forget_answers
from servicekit.outbox import forget_events
from services.notes import events
from services.notes.imports.forgetting import forget_in_imports
from services.notes.known import lock_even_unknown
from services.notes.models import Customer, ExternalId, Note


def erase_customer(session: Session, *, publisher_id: str, customer_id: str, now: datetime) -> Customer:
    """Forget everything personal of a customer for good, and confirm it. Doing it again changes nothing.

    One whom notes doesn't know leaves a tombstone, so that nothing late brings them here.
    """
    customer = lock_even_unknown(session, publisher_id, customer_id)
    if customer.erased_at is not None:
        return customer
    theirs = (Note.publisher_id == publisher_id, Note.customer_id == customer_id)
    # Of deleted ones, too, the versions go up: whoever has heard of one knows then that this is newer.
    session.execute(update(Note).where(*theirs).values(text=None, flags=[], erased_at=now, version=Note.version + 1))
    forget_in_imports(session, customer)
    session.execute(
        delete(ExternalId).where(ExternalId.publisher_id == publisher_id, ExternalId.customer_id == customer_id)
    )
    customer.email_key, customer.flags, customer.note_flags, customer.erased_at = None, [], {}, now
    session.flush()
    mine: dict[str, str] = {"publisher_id": publisher_id, "datasubject": customer_id}
    forget_events(session, **mine, types={kind.name: kind for kind in events.PUBLISHED})
    forget_answers(session, **mine)
    events.publish_erased(session, customer, now=now)
    return customer
