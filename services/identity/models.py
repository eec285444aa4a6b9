"""Tables of the identity service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, DateTime, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_moment = DateTime(timezone=True)


def _plain(*arguments: Any, **options: Any) -> Any:
    return mapped_column(*arguments, info={"personal": "none"}, **options)


def _personal(*arguments: Any, **options: Any) -> Any:
    return mapped_column(*arguments, info={"personal": "erase"}, **options)


class Base(DeclarativeBase):
    """The tables of this service."""


class Publisher(Base):
    """A business whose customers are looked after here, and its settings.

    ``version`` is that of the settings.
    """

    __tablename__ = "publisher"

    publisher_id: Mapped[str] = _plain(Text, primary_key=True)
    name: Mapped[str] = _plain(Text)
    created_at: Mapped[datetime] = _plain(_moment)
    version: Mapped[int] = _plain(Integer, server_default="1")
    time_zone: Mapped[str] = _plain(Text, server_default="UTC")
    language: Mapped[str] = _plain(Text, server_default="en")
    currency: Mapped[str | None] = _plain(Text)
    website_url: Mapped[str | None] = _plain(Text)
    offer_url_template: Mapped[str | None] = _plain(Text)
    support_email: Mapped[str | None] = _plain(Text)


class Staff(Base):
    """Somebody who works for a publisher. An email address signs in to one publisher only, so it is unique here.

    ``email`` is as it is shown, ``email_key`` as it is compared. ``version`` is that of what others edit: name, role,
    and whether they are disabled. Each publisher has exactly one whose role is ``owner``.
    """

    __tablename__ = "staff"

    id: Mapped[str] = _plain(Text, primary_key=True)
    publisher_id: Mapped[str] = _plain(Text)
    email: Mapped[str] = _personal(Text)
    email_key: Mapped[str] = _personal(Text)
    name: Mapped[str] = _personal(Text)
    role: Mapped[str] = _plain(Text)
    password_hash: Mapped[str] = _personal(Text)
    created_at: Mapped[datetime] = _plain(_moment)
    disabled_at: Mapped[datetime | None] = _plain(_moment)
    version: Mapped[int] = _plain(Integer, server_default="1")
    password_change_required: Mapped[bool] = _plain(Boolean, server_default="false")
    last_sign_in_at: Mapped[datetime | None] = _plain(_moment)


class StaffPreferences(Base):
    """How a staff member likes things shown: a document, as the API has it."""

    __tablename__ = "staff_preferences"

    staff_id: Mapped[str] = _plain(Text, primary_key=True)
    publisher_id: Mapped[str] = _plain(Text)
    version: Mapped[int] = _plain(Integer)
    document: Mapped[dict[str, Any]] = _personal(JSONB)
    updated_at: Mapped[datetime] = _plain(_moment)


class ApiKey(Base):
    """A program's credential: the SHA-256 of its secret, and the secret's first characters to tell keys apart by."""

    __tablename__ = "api_key"

    id: Mapped[str] = _plain(Text, primary_key=True)
    publisher_id: Mapped[str] = _plain(Text)
    name: Mapped[str] = _plain(Text)
    secret_hash: Mapped[str] = _plain(Text)
    hint: Mapped[str] = _plain(Text)
    scopes: Mapped[list[str]] = _plain(ARRAY(Text))
    created_by: Mapped[str] = _plain(Text)
    created_at: Mapped[datetime] = _plain(_moment)
    revoked_at: Mapped[datetime | None] = _plain(_moment)
    scopes_version: Mapped[int] = _plain(SmallInteger)


class StaffSession(Base):
    """One sign-in of a staff member, until it ends or is ended.

    ``last_used_at`` is coarse: written once a minute at the most. ``user_agent`` is what the browser called itself.
    """

    __tablename__ = "staff_session"

    secret_hash: Mapped[str] = _plain(Text, primary_key=True)
    publisher_id: Mapped[str] = _plain(Text)
    staff_id: Mapped[str] = _plain(Text)
    created_at: Mapped[datetime] = _plain(_moment)
    expires_at: Mapped[datetime] = _plain(_moment)
    id: Mapped[str] = _plain(Text)
    last_used_at: Mapped[datetime] = _plain(_moment)
    user_agent: Mapped[str | None] = _personal(Text)


class SigningKey(Base):
    """A key that signs tokens from ``active_from`` until the next one does; its private half is encrypted."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = _plain(Text, primary_key=True)
    private_sealed: Mapped[str] = _plain(Text)
    created_at: Mapped[datetime] = _plain(_moment)
    active_from: Mapped[datetime] = _plain(_moment)


class SignInPlace(Base):
    """That somebody has lately signed in with one email from one network address; both only as a keyed hash."""

    __tablename__ = "sign_in_place"

    bucket: Mapped[str] = _personal(Text, primary_key=True)
    seen_at: Mapped[datetime] = _plain(_moment)


class SignInAttempt(Base):
    """How often a password was lately tried by one email, from one network address, or both; only as a keyed hash."""

    __tablename__ = "sign_in_attempt"

    bucket: Mapped[str] = _personal(Text, primary_key=True)
    attempts: Mapped[int] = _plain(Integer)
    began_at: Mapped[datetime] = _plain(_moment)
