"""Tables of the notifications service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped

from servicekit.db.columns import MOMENT, kept_column, personal_column, plain_column

_STAFF = "the name of the staff member or API key who wrote it: about those who work for the publisher"


class Base(DeclarativeBase):
    """The tables of this service."""


class Recipient(Base):
    """What has to be known of a customer to write to them: a copy, kept current by events.

    ``erasing_since``: everything goes once the last mail is out; ``erased_at``: it is gone. ``bounced_address`` is the
    address that a mail system said doesn't exist.
    """

    __tablename__ = "recipient"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    customer_id: Mapped[str] = plain_column(Text, primary_key=True)
    version: Mapped[int] = plain_column(BigInteger)
    email: Mapped[str | None] = personal_column(Text)
    first_name: Mapped[str | None] = personal_column(Text)
    last_name: Mapped[str | None] = personal_column(Text)
    company: Mapped[str | None] = personal_column(Text)
    language: Mapped[str | None] = personal_column(Text)
    bounced_address: Mapped[str | None] = personal_column(Text)
    erasing_since: Mapped[datetime | None] = plain_column(MOMENT)
    erased_at: Mapped[datetime | None] = plain_column(MOMENT)


class Email(Base):
    """One message to a customer: exactly what was, or will be, sent, and what became of it.

    ``to_address`` is None until the customer is known (then nothing is rendered yet) and after an erasure. ``claim``
    counts who took it in hand; ``handed_over_at`` is when it was last begun to be given to the mail server.
    """

    __tablename__ = "email"

    id: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    kind: Mapped[str] = plain_column(Text)
    status: Mapped[str] = plain_column(Text)
    language: Mapped[str | None] = personal_column(Text)
    to_address: Mapped[str | None] = personal_column(Text)
    to_name: Mapped[str | None] = personal_column(Text)
    from_address: Mapped[str | None] = plain_column(Text)
    from_name: Mapped[str | None] = plain_column(Text)
    reply_to: Mapped[str | None] = plain_column(Text)
    subject: Mapped[str | None] = personal_column(Text)
    html: Mapped[str | None] = personal_column(Text)
    text: Mapped[str | None] = personal_column(Text)
    facts: Mapped[dict[str, Any] | None] = personal_column(JSONB(none_as_null=True))
    logo_id: Mapped[str | None] = plain_column(Text)
    message_id: Mapped[str] = plain_column(Text)
    event_id: Mapped[str | None] = plain_column(Text)
    resend_of: Mapped[str | None] = plain_column(Text)
    requested_by: Mapped[str | None] = plain_column(Text)
    transaction_id: Mapped[str | None] = plain_column(Text)
    subscription_id: Mapped[str | None] = plain_column(Text)
    invoice_number: Mapped[str | None] = plain_column(Text)
    template_version: Mapped[int | None] = plain_column(Integer)
    created_at: Mapped[datetime] = plain_column(MOMENT)
    due_at: Mapped[datetime] = plain_column(MOMENT)
    handed_over_at: Mapped[datetime | None] = plain_column(MOMENT)
    ended_at: Mapped[datetime | None] = plain_column(MOMENT)
    attempts: Mapped[int] = plain_column(Integer, default=0)
    in_doubt: Mapped[bool] = plain_column(Boolean, default=False)
    failure_code: Mapped[str | None] = plain_column(Text)
    failure: Mapped[str | None] = personal_column(Text)
    claimed_by: Mapped[str | None] = plain_column(Text)
    claimed_until: Mapped[datetime | None] = plain_column(MOMENT)
    claim: Mapped[int] = plain_column(Integer, default=0)
    version: Mapped[int] = plain_column(BigInteger, default=1)


class Attachment(Base):
    """A file that goes with a mail."""

    __tablename__ = "attachment"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    email_id: Mapped[str] = plain_column(Text, primary_key=True)
    position: Mapped[int] = plain_column(Integer, primary_key=True)
    file_name: Mapped[str] = plain_column(Text)
    media_type: Mapped[str] = plain_column(Text)
    content: Mapped[bytes | None] = personal_column(LargeBinary)


class Logo(Base):
    """A picture that mails show: kept as long as a mail has it, known by its content's digest."""

    __tablename__ = "logo"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    id: Mapped[str] = plain_column(Text, primary_key=True)
    media_type: Mapped[str] = plain_column(Text)
    content: Mapped[bytes] = plain_column(LargeBinary)


class MailSettings(Base):
    """How a publisher's mails look, whom they come from, and who delivers them. ``revision`` is the ETag.

    Of settings that were changed before it was kept, nobody knows the editor.
    """

    __tablename__ = "mail_settings"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    revision: Mapped[int] = plain_column(BigInteger)
    delivery: Mapped[str] = plain_column(Text)
    sender_name: Mapped[str | None] = plain_column(Text)
    sender_address: Mapped[str | None] = plain_column(Text)
    reply_to: Mapped[str | None] = plain_column(Text)
    support_email: Mapped[str | None] = plain_column(Text)
    website_url: Mapped[str | None] = plain_column(Text)
    postal_address: Mapped[str | None] = plain_column(Text)
    color: Mapped[str] = plain_column(Text)
    logo_id: Mapped[str | None] = plain_column(Text)
    language: Mapped[str] = plain_column(Text)
    time_zone: Mapped[str] = plain_column(Text)
    renewal_notice_days: Mapped[int] = plain_column(Integer)
    kinds_off: Mapped[list[str]] = plain_column(ARRAY(Text))
    edited_at: Mapped[datetime | None] = plain_column(MOMENT)
    editor_id: Mapped[str | None] = plain_column(Text)
    editor_name: Mapped[str | None] = kept_column(Text, reason=_STAFF)
    editor_kind: Mapped[str | None] = plain_column(Text)


class TemplateVersion(Base):
    """One version of a publisher's template: what it said from then on. Without content: the default again.

    Version 1 is the default and has no row.
    """

    __tablename__ = "template_version"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    kind: Mapped[str] = plain_column(Text, primary_key=True)
    language: Mapped[str] = plain_column(Text, primary_key=True)
    version: Mapped[int] = plain_column(Integer, primary_key=True)
    subject: Mapped[str | None] = plain_column(Text)
    html: Mapped[str | None] = plain_column(Text)
    text: Mapped[str | None] = plain_column(Text)
    at: Mapped[datetime] = plain_column(MOMENT)
    editor_id: Mapped[str] = plain_column(Text)
    editor_name: Mapped[str] = kept_column(Text, reason=_STAFF)
    editor_kind: Mapped[str] = plain_column(Text)


class Reminder(Base):
    """A mail to be written at a time to come: once for each occasion of a thing (a subscription's period, a card's
    expiry). Past ``useless_from`` it would tell of what has happened already.

    ``done_at``: written, or not needed.
    """

    __tablename__ = "reminder"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    kind: Mapped[str] = plain_column(Text, primary_key=True)
    thing_id: Mapped[str] = plain_column(Text, primary_key=True)
    occasion: Mapped[str] = plain_column(Text, primary_key=True)
    customer_id: Mapped[str] = plain_column(Text)
    due_at: Mapped[datetime] = plain_column(MOMENT)
    useless_from: Mapped[datetime] = plain_column(MOMENT)
    done_at: Mapped[datetime | None] = plain_column(MOMENT)
    facts: Mapped[dict[str, Any] | None] = personal_column(JSONB(none_as_null=True))


class Thing(Base):
    """The newest known state of something of billing's that reminders go by."""

    __tablename__ = "thing"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    id: Mapped[str] = plain_column(Text, primary_key=True)
    customer_id: Mapped[str | None] = plain_column(Text)
    version: Mapped[int] = plain_column(BigInteger)
    state: Mapped[dict[str, Any] | None] = personal_column(JSONB(none_as_null=True))
