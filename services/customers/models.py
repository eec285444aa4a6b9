"""Tables of the customers service."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_moment = DateTime(timezone=True)


def _plain(*arguments: Any, **options: Any) -> Any:
    return mapped_column(*arguments, info={"personal": "none"}, **options)


def _personal(*arguments: Any, **options: Any) -> Any:
    return mapped_column(*arguments, info={"personal": "erase"}, **options)


def _staffs(*arguments: Any, **options: Any) -> Any:
    """Personal data of who works for the publisher: it stays when a customer is erased."""
    reason = "the name of the staff member or API key, as it was then: the record of who did what to a customer's data"
    return mapped_column(*arguments, info={"personal": "keep", "reason": reason}, **options)


class Base(DeclarativeBase):
    """The tables of this service."""


class Customer(Base):
    """A consumer with an account at one publisher.

    ``version`` counts every change and goes with the events; ``revision`` counts what can be edited and is the ETag.
    """

    __tablename__ = "customer"

    id: Mapped[str] = _plain(Text, primary_key=True)
    publisher_id: Mapped[str] = _plain(Text)
    email: Mapped[str | None] = _personal(Text)
    email_key: Mapped[str | None] = _personal(Text)
    first_name: Mapped[str | None] = _personal(Text)
    last_name: Mapped[str | None] = _personal(Text)
    company: Mapped[str | None] = _personal(Text)
    birthdate: Mapped[date | None] = _personal(Date)
    phone: Mapped[str | None] = _personal(Text)
    language: Mapped[str | None] = _personal(Text)
    currency: Mapped[str | None] = _plain(Text)
    country: Mapped[str | None] = _plain(Text)
    address: Mapped[dict[str, Any] | None] = _personal(JSONB(none_as_null=True))
    external_ids: Mapped[list[dict[str, str]]] = _personal(JSONB)
    attributes: Mapped[dict[str, Any]] = _personal(JSONB)
    status: Mapped[str] = _plain(Text)
    registered_at: Mapped[datetime] = _plain(_moment)
    last_login_at: Mapped[datetime | None] = _plain(_moment)
    anonymized_at: Mapped[datetime | None] = _plain(_moment)
    revision: Mapped[int] = _plain(BigInteger)
    version: Mapped[int] = _plain(BigInteger)


class ExternalId(Base):
    """Who holds an external ID: at most one customer of a publisher holds one ID of one source."""

    __tablename__ = "external_id"

    publisher_id: Mapped[str] = _plain(Text, primary_key=True)
    source: Mapped[str] = _plain(Text, primary_key=True)
    external_id: Mapped[str] = _personal(Text, primary_key=True)
    customer_id: Mapped[str] = _plain(Text)


class Change(Base):
    """One entry of the change history: who did what, and each field's old and new value."""

    __tablename__ = "customer_change"

    id: Mapped[str] = _plain(Text, primary_key=True)
    publisher_id: Mapped[str] = _plain(Text)
    customer_id: Mapped[str] = _plain(Text)
    revision: Mapped[int] = _plain(BigInteger)
    at: Mapped[datetime] = _plain(_moment)
    editor_id: Mapped[str] = _plain(Text)
    editor_name: Mapped[str] = _staffs(Text)
    editor_kind: Mapped[str] = _plain(Text)
    action: Mapped[str] = _plain(Text)
    fields: Mapped[list[dict[str, Any]]] = _personal(JSONB)


class Login(Base):
    """One login of a customer."""

    __tablename__ = "login"

    customer_id: Mapped[str] = _plain(Text, primary_key=True)
    at: Mapped[datetime] = _plain(_moment, primary_key=True)
    id: Mapped[str] = _plain(Text)
    publisher_id: Mapped[str] = _plain(Text)


class Erasure(Base):
    """The ledger of one anonymization: who asked for it, which services must confirm, and which have."""

    __tablename__ = "erasure"

    customer_id: Mapped[str] = _plain(Text, primary_key=True)
    publisher_id: Mapped[str] = _plain(Text)
    requested_at: Mapped[datetime] = _plain(_moment)
    requested_by: Mapped[str] = _plain(Text)
    participants: Mapped[list[str]] = _plain(ARRAY(Text))
    completed_at: Mapped[datetime | None] = _plain(_moment)


class ErasureConfirmation(Base):
    """A service's word that it holds nothing of this person any more."""

    __tablename__ = "erasure_confirmation"

    customer_id: Mapped[str] = _plain(Text, primary_key=True)
    service: Mapped[str] = _plain(Text, primary_key=True)
    publisher_id: Mapped[str] = _plain(Text)
    confirmed_at: Mapped[datetime] = _plain(_moment)


def email_key(email: str | None) -> str | None:
    """What makes two addresses the same login: letter case does not tell them apart."""
    return None if email is None else email.casefold()
