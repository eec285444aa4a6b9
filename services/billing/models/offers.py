"""Offers: what is sold."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Integer, Numeric, Text
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, plain_column
from services.billing.models.base import Base, id_column, minor_column

KINDS = ("subscription", "pass", "event", "single")
"""Recurring; a period, once; and what is sold once and has no end."""


class Offer(Base):
    """What is sold, at which price. ``revision`` is the ETag, ``version`` goes with the events.

    A change of price concerns who buys from then on: a subscription keeps the price that it was bought at.
    """

    __tablename__ = "offer"

    id: Mapped[str] = id_column()
    publisher_id: Mapped[str] = plain_column(Text)
    external_id: Mapped[str | None] = plain_column(Text)
    name: Mapped[str] = plain_column(Text)
    kind: Mapped[str] = plain_column(Text)
    status: Mapped[str] = plain_column(Text)
    price_minor: Mapped[int] = minor_column()
    currency: Mapped[str] = plain_column(Text)
    tax_percent: Mapped[Decimal] = plain_column(Numeric(7, 4))
    period_unit: Mapped[str | None] = plain_column(Text)
    period_count: Mapped[int | None] = plain_column(Integer)
    trial_days: Mapped[int] = plain_column(Integer)
    created_at: Mapped[datetime] = plain_column(MOMENT)
    version: Mapped[int] = plain_column(BigInteger)
