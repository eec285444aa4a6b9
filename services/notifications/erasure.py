"""Forgetting a customer: after the last mail to them is out, everything personal goes, and that is confirmed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.kept_answers import forget_answers
from servicekit.outbox import forget_events
from services.notifications import events, kinds
from services.notifications.mailing import write_last_mail
from services.notifications.models import Attachment, Email, Recipient, Reminder, Thing
from services.notifications.people import recipient
from services.notifications.settings import MailDefaults

LAST_MAIL = "account_anonymized"


def begin_erasure(
    session: Session,
    *,
    publisher_id: str,
    customer_id: str,
    version: int,
    event_id: str,
    defaults: MailDefaults,
    now: datetime,
) -> None:
    """Write the last mail to a customer who was anonymized, and forget them: at once what no mail needs any more, the
    rest once nothing is left to be sent (``finish_erasure``). Doing it again changes nothing."""
    blank = {"publisher_id": publisher_id, "customer_id": customer_id, "version": 0}
    session.execute(insert(Recipient).values(**blank).on_conflict_do_nothing())
    person = recipient(session, publisher_id, customer_id, lock=True)
    if person is None or person.erasing_since is not None:
        return
    write_last_mail(session, person, kind=LAST_MAIL, event_id=event_id, defaults=defaults, now=now)
    person.erasing_since, person.version = now, max(version, person.version)
    session.flush()
    _drop_waiting(session, publisher_id, customer_id, now)
    _forget(session, publisher_id, customer_id)
    finish_erasure(session, publisher_id=publisher_id, customer_id=customer_id, now=now)


def finish_erasure(session: Session, *, publisher_id: str, customer_id: str, now: datetime) -> bool:
    """Forget the rest and confirm it, if nothing is left to be sent to this customer; whether it is done."""
    person = recipient(session, publisher_id, customer_id, lock=True)
    if person is None or person.erasing_since is None or person.erased_at is not None:
        return False
    mine = (Email.publisher_id == publisher_id, Email.customer_id == customer_id)
    left = session.scalar(select(func.count()).where(*mine, Email.status == kinds.QUEUED))
    if left:
        return False
    for column in Recipient.__table__.columns:
        if column.info["personal"] == "erase":
            setattr(person, column.name, None)
    person.erased_at = now
    session.flush()
    _forget(session, publisher_id, customer_id)
    events.publish_subject_erased(
        session, publisher_id=publisher_id, customer_id=customer_id, version=max(person.version, 1), now=now
    )
    return True


def _forget(session: Session, publisher_id: str, customer_id: str) -> None:
    """Everything that no mail still to be sent needs. That something was sent on a day stays."""
    mine = (Email.publisher_id == publisher_id, Email.customer_id == customer_id, Email.status != kinds.QUEUED)
    erased = {c.name: null() for c in Email.__table__.columns if c.info["personal"] == "erase"}
    session.execute(
        delete(Attachment).where(
            Attachment.publisher_id == publisher_id, Attachment.email_id.in_(select(Email.id).where(*mine))
        )
    )
    session.execute(update(Email).where(*mine).values(**erased))
    for table in (Reminder, Thing):
        session.execute(delete(table).where(table.publisher_id == publisher_id, table.customer_id == customer_id))
    forget_events(
        session,
        publisher_id=publisher_id,
        datasubject=customer_id,
        types={kind.name: kind for kind in events.PUBLISHED},
    )
    forget_answers(session, publisher_id=publisher_id, datasubject=customer_id)


def _drop_waiting(session: Session, publisher_id: str, customer_id: str, now: datetime) -> None:
    """What waits for the customer to be known waits for ever now."""
    session.execute(
        update(Email)
        .where(
            Email.publisher_id == publisher_id,
            Email.customer_id == customer_id,
            Email.status == kinds.QUEUED,
            Email.subject.is_(None),
        )
        .values(status=kinds.FAILED, failure_code="customer_anonymized", ended_at=now)
    )
