"""Sending a mail again (E4): the same content, to the customer's present address, as an entry of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.notifications import events, kinds
from services.notifications.errors import NotResent
from services.notifications.mail_settings import sender_of, settings_of
from services.notifications.mailing import message_id
from services.notifications.models import Attachment, Email, Recipient
from services.notifications.people import has_bounced, person_of, recipient
from services.notifications.settings import MailDefaults


def refusal(session: Session, email: Email) -> NotResent | None:
    """Why this mail can't be sent again; None if it can."""
    person = recipient(session, email.publisher_id, email.customer_id)
    code = _refusal(session, email, person)
    return None if code is None else NotResent(code)


def resend_email(session: Session, email: Email, *, actor_id: str, defaults: MailDefaults, now: datetime) -> Email:
    """Send a mail again; the new entry, which points to the first of them. Raises NotResent."""
    person = recipient(session, email.publisher_id, email.customer_id, lock=True)
    code = _refusal(session, email, person)
    if code is not None or person is None:
        raise NotResent(code or "customer_anonymized")
    sender = sender_of(settings_of(session, email.publisher_id), defaults)
    email_id = new_id("eml")
    again = Email(
        **{column.name: getattr(email, column.name) for column in Email.__table__.columns if column.name in _SAME},
        id=email_id,
        status=kinds.QUEUED,
        to_address=person.email,
        to_name=person_of(person).name or None,
        from_address=sender.address,
        from_name=sender.name,
        reply_to=sender.reply_to,
        message_id=message_id(email_id, sender.address.rpartition("@")[2] or "localhost"),
        resend_of=email.resend_of or email.id,
        requested_by=actor_id,
        created_at=now,
        due_at=now,
        attempts=0,
        in_doubt=False,
        claim=0,
        version=1,
    )
    session.add(again)
    session.flush()
    _copy_files(session, email, again)
    events.publish_email(session, again, now=now)
    return again


_SAME = {
    "publisher_id", "customer_id", "kind", "language", "subject", "html", "text", "facts", "logo_id", "transaction_id",
    "subscription_id", "invoice_number", "template_version",
}  # fmt: skip


def _refusal(session: Session, email: Email, person: Recipient | None) -> str | None:
    if person is None or person.erasing_since is not None:
        return "customer_anonymized"
    if settings_of(session, email.publisher_id).delivery != kinds.OURS:
        return "publisher_delivers"
    if email.status == kinds.QUEUED:
        return "still_queued"
    if not kinds.KINDS[email.kind].resent:
        return "kind_passes"
    if person.email is None:
        return "no_address"
    if has_bounced(person):
        return "address_bounced"
    return "nothing_to_send" if email.html is None or email.text is None or email.subject is None else None


def _copy_files(session: Session, email: Email, again: Email) -> None:
    mine = (Attachment.publisher_id == email.publisher_id, Attachment.email_id == email.id)
    for file in session.scalars(select(Attachment).where(*mine)).all():
        session.add(
            Attachment(
                publisher_id=again.publisher_id,
                email_id=again.id,
                position=file.position,
                file_name=file.file_name,
                media_type=file.media_type,
                content=file.content,
            )
        )
    session.flush()
