"""Tables of the customers service."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped

from servicekit.db.columns import MOMENT, kept_column, personal_column, plain_column


def staffs_column(*arguments: Any, **options: Any) -> Any:
    """Personal data of who works for the publisher: it stays when a customer is erased."""
    reason = "the name of the staff member or API key, as it was then: the record of who did what to a customer's data"
    return kept_column(*arguments, reason=reason, **options)


class Base(DeclarativeBase):
    """The tables of this service."""


class Customer(Base):
    """A consumer with an account at one publisher.

    ``version`` counts every change and goes with the events; ``revision`` counts what can be edited and is the ETag.
    """

    __tablename__ = "customer"

    id: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    email: Mapped[str | None] = personal_column(Text)
    email_key: Mapped[str | None] = personal_column(Text)
    first_name: Mapped[str | None] = personal_column(Text)
    last_name: Mapped[str | None] = personal_column(Text)
    company: Mapped[str | None] = personal_column(Text)
    birthdate: Mapped[date | None] = personal_column(Date)
    phone: Mapped[str | None] = personal_column(Text)
    language: Mapped[str | None] = personal_column(Text)
    currency: Mapped[str | None] = plain_column(Text)
    country: Mapped[str | None] = plain_column(Text)
    address: Mapped[dict[str, Any] | None] = personal_column(JSONB(none_as_null=True))
    external_ids: Mapped[list[dict[str, str]]] = personal_column(JSONB)
    attributes: Mapped[dict[str, Any]] = personal_column(JSONB)
    status: Mapped[str] = plain_column(Text)
    registered_at: Mapped[datetime] = plain_column(MOMENT)
    last_login_at: Mapped[datetime | None] = plain_column(MOMENT)
    anonymized_at: Mapped[datetime | None] = plain_column(MOMENT)
    revision: Mapped[int] = plain_column(BigInteger)
    version: Mapped[int] = plain_column(BigInteger)


class ExternalId(Base):
    """Who holds an external ID: at most one customer of a publisher holds one ID of one source."""

    __tablename__ = "external_id"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    source: Mapped[str] = plain_column(Text, primary_key=True)
    external_id: Mapped[str] = personal_column(Text, primary_key=True)
    customer_id: Mapped[str] = plain_column(Text)


class Change(Base):
    """One entry of the change history: who did what, and each field's old and new value."""

    __tablename__ = "customer_change"

    id: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    revision: Mapped[int] = plain_column(BigInteger)
    at: Mapped[datetime] = plain_column(MOMENT)
    editor_id: Mapped[str] = plain_column(Text)
    editor_name: Mapped[str] = staffs_column(Text)
    editor_kind: Mapped[str] = plain_column(Text)
    action: Mapped[str] = plain_column(Text)
    fields: Mapped[list[dict[str, Any]]] = personal_column(JSONB)


class Login(Base):
    """One login of a customer."""

    __tablename__ = "login"

    customer_id: Mapped[str] = plain_column(Text, primary_key=True)
    at: Mapped[datetime] = plain_column(MOMENT, primary_key=True)
    id: Mapped[str] = plain_column(Text)
    publisher_id: Mapped[str] = plain_column(Text)


class Erasure(Base):
    """The ledger of one anonymization: who asked for it, which services must confirm, and which have."""

    __tablename__ = "erasure"

    customer_id: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    requested_at: Mapped[datetime] = plain_column(MOMENT)
    requested_by: Mapped[str] = plain_column(Text)
    participants: Mapped[list[str]] = plain_column(ARRAY(Text))
    completed_at: Mapped[datetime | None] = plain_column(MOMENT)


class ErasureConfirmation(Base):
    """A service's word that it holds nothing of this person any more."""

    __tablename__ = "erasure_confirmation"

    customer_id: Mapped[str] = plain_column(Text, primary_key=True)
    service: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    confirmed_at: Mapped[datetime] = plain_column(MOMENT)


def email_key(email: str | None) -> str | None:
    """What makes two addresses the same login: letter case does not tell them apart."""
    return None if email is None else email.casefold()
