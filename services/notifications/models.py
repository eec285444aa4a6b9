"""Tables of the notifications service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_moment = DateTime(timezone=True)
_STAFF = "the name of the staff member or API key who wrote a template: about those who work for the publisher"


def plain(*arguments: Any, **options: Any) -> Any:
    """A column that says nothing about a person."""
    return mapped_column(*arguments, info={"personal": "none"}, **options)


def personal(*arguments: Any, **options: Any) -> Any:
    """A column that is erased with the person it is about."""
    return mapped_column(*arguments, info={"personal": "erase"}, **options)


class Base(DeclarativeBase):
    """The tables of this service."""


class Recipient(Base):
    """What has to be known of a customer to write to them: a copy, kept current by events.

    ``erasing_since``: everything goes once the last mail is out; ``erased_at``: it is gone. ``bounced_address`` is the
    address that a mail system said doesn't exist.
    """

    __tablename__ = "recipient"

    publisher_id: Mapped[str] = plain(Text, primary_key=True)
    customer_id: Mapped[str] = plain(Text, primary_key=True)
    version: Mapped[int] = plain(BigInteger)
    email: Mapped[str | None] = personal(Text)
    first_name: Mapped[str | None] = personal(Text)
    last_name: Mapped[str | None] = personal(Text)
    company: Mapped[str | None] = personal(Text)
    language: Mapped[str | None] = personal(Text)
    bounced_address: Mapped[str | None] = personal(Text)
    erasing_since: Mapped[datetime | None] = plain(_moment)
    erased_at: Mapped[datetime | None] = plain(_moment)


class Email(Base):
    """One message to a customer: exactly what was, or will be, sent, and what became of it.

    ``to_address`` is None until the customer is known (then nothing is rendered yet) and after an erasure. ``claim``
    counts who took it in hand; ``handed_over_at`` is when it was last begun to be given to the mail server.
    """

    __tablename__ = "email"

    id: Mapped[str] = plain(Text, primary_key=True)
    publisher_id: Mapped[str] = plain(Text)
    customer_id: Mapped[str] = plain(Text)
    kind: Mapped[str] = plain(Text)
    status: Mapped[str] = plain(Text)
    language: Mapped[str | None] = personal(Text)
    to_address: Mapped[str | None] = personal(Text)
    to_name: Mapped[str | None] = personal(Text)
    from_address: Mapped[str | None] = plain(Text)
    from_name: Mapped[str | None] = plain(Text)
    reply_to: Mapped[str | None] = plain(Text)
    subject: Mapped[str | None] = personal(Text)
    html: Mapped[str | None] = personal(Text)
    text: Mapped[str | None] = personal(Text)
    facts: Mapped[dict[str, Any] | None] = personal(JSONB(none_as_null=True))
    logo_id: Mapped[str | None] = plain(Text)
    message_id: Mapped[str] = plain(Text)
    event_id: Mapped[str | None] = plain(Text)
    resend_of: Mapped[str | None] = plain(Text)
    requested_by: Mapped[str | None] = plain(Text)
    transaction_id: Mapped[str | None] = plain(Text)
    subscription_id: Mapped[str | None] = plain(Text)
    invoice_number: Mapped[str | None] = plain(Text)
    template_version: Mapped[int | None] = plain(Integer)
    created_at: Mapped[datetime] = plain(_moment)
    due_at: Mapped[datetime] = plain(_moment)
    handed_over_at: Mapped[datetime | None] = plain(_moment)
    ended_at: Mapped[datetime | None] = plain(_moment)
    attempts: Mapped[int] = plain(Integer, default=0)
    in_doubt: Mapped[bool] = plain(Boolean, default=False)
    failure_code: Mapped[str | None] = plain(Text)
    failure: Mapped[str | None] = personal(Text)
    claimed_by: Mapped[str | None] = plain(Text)
    claimed_until: Mapped[datetime | None] = plain(_moment)
    claim: Mapped[int] = plain(Integer, default=0)
    version: Mapped[int] = plain(BigInteger, default=1)


class Attachment(Base):
    """A file that goes with a mail."""

    __tablename__ = "attachment"

    publisher_id: Mapped[str] = plain(Text, primary_key=True)
    email_id: Mapped[str] = plain(Text, primary_key=True)
    position: Mapped[int] = plain(Integer, primary_key=True)
    file_name: Mapped[str] = plain(Text)
    media_type: Mapped[str] = plain(Text)
    content: Mapped[bytes | None] = personal(LargeBinary)


class Logo(Base):
    """A picture that mails show: kept as long as a mail has it, known by its content's digest."""

    __tablename__ = "logo"

    publisher_id: Mapped[str] = plain(Text, primary_key=True)
    id: Mapped[str] = plain(Text, primary_key=True)
    media_type: Mapped[str] = plain(Text)
    content: Mapped[bytes] = plain(LargeBinary)


class MailSettings(Base):
    """How a publisher's mails look, whom they come from, and who delivers them. ``revision`` is the ETag."""

    __tablename__ = "mail_settings"

    publisher_id: Mapped[str] = plain(Text, primary_key=True)
    revision: Mapped[int] = plain(BigInteger)
    delivery: Mapped[str] = plain(Text)
    sender_name: Mapped[str | None] = plain(Text)
    sender_address: Mapped[str | None] = plain(Text)
    reply_to: Mapped[str | None] = plain(Text)
    support_email: Mapped[str | None] = plain(Text)
    website_url: Mapped[str | None] = plain(Text)
    postal_address: Mapped[str | None] = plain(Text)
    color: Mapped[str] = plain(Text)
    logo_id: Mapped[str | None] = plain(Text)
    language: Mapped[str] = plain(Text)
    time_zone: Mapped[str] = plain(Text)
    renewal_notice_days: Mapped[int] = plain(Integer)
    kinds_off: Mapped[list[str]] = plain(ARRAY(Text))


class TemplateVersion(Base):
    """One version of a publisher's template: what it said from then on. Without content: the default again.

    Version 1 is the default and has no row.
    """

    __tablename__ = "template_version"

    publisher_id: Mapped[str] = plain(Text, primary_key=True)
    kind: Mapped[str] = plain(Text, primary_key=True)
    language: Mapped[str] = plain(Text, primary_key=True)
    version: Mapped[int] = plain(Integer, primary_key=True)
    subject: Mapped[str | None] = plain(Text)
    html: Mapped[str | None] = plain(Text)
    text: Mapped[str | None] = plain(Text)
    at: Mapped[datetime] = plain(_moment)
    editor_id: Mapped[str] = plain(Text)
    editor_name: Mapped[str] = mapped_column(Text, info={"personal": "keep", "reason": _STAFF})
    editor_kind: Mapped[str] = plain(Text)


class Reminder(Base):
    """A mail to be written at a time to come: once for each occasion of a thing (a subscription's period, a card's
    expiry). Past ``useless_from`` it would tell of what has happened already.

    ``done_at``: written, or not needed.
    """

    __tablename__ = "reminder"

    publisher_id: Mapped[str] = plain(Text, primary_key=True)
    kind: Mapped[str] = plain(Text, primary_key=True)
    thing_id: Mapped[str] = plain(Text, primary_key=True)
    occasion: Mapped[str] = plain(Text, primary_key=True)
    customer_id: Mapped[str] = plain(Text)
    due_at: Mapped[datetime] = plain(_moment)
    useless_from: Mapped[datetime] = plain(_moment)
    done_at: Mapped[datetime | None] = plain(_moment)
    facts: Mapped[dict[str, Any] | None] = personal(JSONB(none_as_null=True))


class Thing(Base):
    """The newest known state of something of billing's that reminders go by."""

    __tablename__ = "thing"

    publisher_id: Mapped[str] = plain(Text, primary_key=True)
    id: Mapped[str] = plain(Text, primary_key=True)
    customer_id: Mapped[str | None] = plain(Text)
    version: Mapped[int] = plain(BigInteger)
    state: Mapped[dict[str, Any] | None] = personal(JSONB(none_as_null=True))
