"""Tables of the identity service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_moment = DateTime(timezone=True)


def _plain(*arguments: Any, **options: Any) -> Any:
    return mapped_column(*arguments, info={"personal": "none"}, **options)


def _personal(*arguments: Any, **options: Any) -> Any:
    return mapped_column(*arguments, info={"personal": "erase"}, **options)


class Base(DeclarativeBase):
    """The tables of this service."""


class Publisher(Base):
    """A business whose customers are looked after here."""

    __tablename__ = "publisher"

    publisher_id: Mapped[str] = _plain(Text, primary_key=True)
    name: Mapped[str] = _plain(Text)
    created_at: Mapped[datetime] = _plain(_moment)


class Staff(Base):
    """Somebody who works for a publisher. An email address signs in to one publisher only, so it is unique here.

    ``email`` is as it is shown, ``email_key`` as it is compared.
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


class StaffSession(Base):
    """One sign-in of a staff member, until it ends or is ended."""

    __tablename__ = "staff_session"

    secret_hash: Mapped[str] = _plain(Text, primary_key=True)
    publisher_id: Mapped[str] = _plain(Text)
    staff_id: Mapped[str] = _plain(Text)
    created_at: Mapped[datetime] = _plain(_moment)
    expires_at: Mapped[datetime] = _plain(_moment)


class SigningKey(Base):
    """A key that signs tokens from ``active_from`` until the next one does; its private half is encrypted."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = _plain(Text, primary_key=True)
    private_sealed: Mapped[str] = _plain(Text)
    created_at: Mapped[datetime] = _plain(_moment)
    active_from: Mapped[datetime] = _plain(_moment)


class SignInAttempt(Base):
    """How often one address has lately tried to sign in by one email; both only as a keyed hash."""

    __tablename__ = "sign_in_attempt"

    bucket: Mapped[str] = _personal(Text, primary_key=True)
    attempts: Mapped[int] = _plain(Integer)
    began_at: Mapped[datetime] = _plain(_moment)
