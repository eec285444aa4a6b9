"""Invoices and the numbers they get."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, lawful_column, plain_column
from services.billing.models.base import INVOICE_LAW, Base, id_column, minor_column


class InvoiceCounter(Base):
    """The last number given in a year. Its row is locked while an invoice is made: no gap, none twice."""

    __tablename__ = "invoice_counter"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    year: Mapped[int] = plain_column(Integer, primary_key=True)
    last_number: Mapped[int] = plain_column(BigInteger)


class Invoice(Base):
    """An invoice, or a credit note about money given back; never changed once made."""

    __tablename__ = "invoice"

    id: Mapped[str] = id_column()
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    transaction_id: Mapped[str] = plain_column(Text)
    refund_id: Mapped[str | None] = plain_column(Text)
    kind: Mapped[str] = plain_column(Text)
    year: Mapped[int] = plain_column(Integer)
    number: Mapped[int] = plain_column(BigInteger)
    issued_at: Mapped[datetime] = plain_column(MOMENT)
    buyer: Mapped[dict[str, Any]] = lawful_column(JSONB, reason=INVOICE_LAW)
    seller: Mapped[dict[str, Any]] = plain_column(JSONB)
    lines: Mapped[list[dict[str, Any]]] = plain_column(JSONB)
    currency: Mapped[str] = plain_column(Text)
    total_minor: Mapped[int] = minor_column()
    tax_minor: Mapped[int] = minor_column()
    version: Mapped[int] = plain_column(BigInteger)
