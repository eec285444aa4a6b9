"""Tables of the notes service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped

from servicekit.db.columns import MOMENT, kept_column, personal_column, plain_column


def _staffs_column(*arguments: Any, **options: Any) -> Any:
    """Personal data of who works for the publisher: it stays when a customer is erased."""
    reason = "the name of the staff member or API key, as it was then: who wrote that there was a note stays"
    return kept_column(*arguments, reason=reason, **options)


class Base(DeclarativeBase):
    """The tables of this service."""


class Customer(Base):
    """What notes knows of a customer, and what it tells of them (``notes.summary.changed``).

    ``version`` is the customers service's; 0: nothing has come yet. ``summary_version`` counts what changes of notes
    and flags. ``note_flags``: how many notes have each flag. Whoever writes anything of a customer locks this first.
    """

    __tablename__ = "customer"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    customer_id: Mapped[str] = plain_column(Text, primary_key=True)
    version: Mapped[int] = plain_column(BigInteger)
    email_key: Mapped[str | None] = personal_column(Text)
    erased_at: Mapped[datetime | None] = plain_column(MOMENT)
    notes_count: Mapped[int] = plain_column(Integer)
    flags: Mapped[list[str]] = personal_column(ARRAY(Text))
    note_flags: Mapped[dict[str, int]] = personal_column(JSONB)
    last_note_at: Mapped[datetime | None] = plain_column(MOMENT)
    summary_version: Mapped[int] = plain_column(BigInteger)


class ExternalId(Base):
    """Who has an external ID. Two may have one for a moment: word of customers comes in any order."""

    __tablename__ = "external_id"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    external_id: Mapped[str] = personal_column(Text, primary_key=True)
    source: Mapped[str] = plain_column(Text, primary_key=True)
    customer_id: Mapped[str] = plain_column(Text, primary_key=True)


class Note(Base):
    """A remark of staff about a customer. ``text`` is null once it was deleted, or the customer erased.

    ``imported_at``: when it came from a file, which then is who says by whom and when it was written.
    """

    __tablename__ = "note"

    id: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    text: Mapped[str | None] = personal_column(Text)
    flags: Mapped[list[str]] = personal_column(ARRAY(Text))
    author_id: Mapped[str] = plain_column(Text)
    author_name: Mapped[str] = _staffs_column(Text)
    author_kind: Mapped[str] = plain_column(Text)
    created_at: Mapped[datetime] = plain_column(MOMENT)
    edited_at: Mapped[datetime | None] = plain_column(MOMENT)
    editor_id: Mapped[str | None] = plain_column(Text)
    editor_name: Mapped[str | None] = _staffs_column(Text)
    editor_kind: Mapped[str | None] = plain_column(Text)
    deleted_at: Mapped[datetime | None] = plain_column(MOMENT)
    erased_at: Mapped[datetime | None] = plain_column(MOMENT)
    imported_at: Mapped[datetime | None] = plain_column(MOMENT)
    version: Mapped[int] = plain_column(BigInteger)


class Flag(Base):
    """A flag as its publisher wants it: one of its own, or one that everybody has, called or colored otherwise.

    ``used``: it was set at least once. ``own``: the publisher's.
    """

    __tablename__ = "flag"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    key: Mapped[str] = plain_column(Text, primary_key=True)
    name: Mapped[str] = plain_column(Text)
    color: Mapped[str] = plain_column(Text)
    own: Mapped[bool] = plain_column(Boolean)
    retired: Mapped[bool] = plain_column(Boolean)
    used: Mapped[bool] = plain_column(Boolean)
    created_at: Mapped[datetime] = plain_column(MOMENT)
    version: Mapped[int] = plain_column(BigInteger)
