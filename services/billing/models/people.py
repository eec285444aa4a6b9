"""Billing's own copy of who the customers are: for invoices, imports, and to know whether one exists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, personal_column, plain_column
from services.billing.models.base import Base


class KnownCustomer(Base):
    """A customer as the customers service last told: ``told`` has the fields that billing needs.

    ``confirmed_at``: when an erased one had nothing personal left here."""

    __tablename__ = "known_customer"

    customer_id: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    told: Mapped[dict[str, Any] | None] = personal_column(JSONB(none_as_null=True))
    erased: Mapped[bool] = plain_column(Boolean)
    version: Mapped[int] = plain_column(BigInteger)
    confirmed_at: Mapped[datetime | None] = plain_column(MOMENT)


class KnownIdentity(Base):
    """An email address (case-folded) or external ID a customer is known by; ``kind``: ``email`` or its source."""

    __tablename__ = "known_identity"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    kind: Mapped[str] = plain_column(Text, primary_key=True)
    value: Mapped[str] = personal_column(Text, primary_key=True)
    customer_id: Mapped[str] = plain_column(Text, primary_key=True)
