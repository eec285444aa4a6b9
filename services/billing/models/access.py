"""Access: until when a customer may use an offer, and why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, personal_column, plain_column
from services.billing.models.base import Base, id_column


class Access(Base):
    """What a purchase gives. ``ends_at`` NULL: for good. ``ended_at`` is set when it is over, whyever.

    A subscription has one, which each renewal makes longer.
    """

    __tablename__ = "access"

    id: Mapped[str] = id_column()
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    offer_id: Mapped[str] = plain_column(Text)
    subscription_id: Mapped[str | None] = plain_column(Text)
    transaction_id: Mapped[str | None] = plain_column(Text)
    starts_at: Mapped[datetime] = plain_column(MOMENT)
    ends_at: Mapped[datetime | None] = plain_column(MOMENT)
    reason: Mapped[str] = plain_column(Text)
    ended_at: Mapped[datetime | None] = plain_column(MOMENT)
    version: Mapped[int] = plain_column(BigInteger)


class AccessExtension(Base):
    """Access given beyond what was paid for: by whom, until when, and why."""

    __tablename__ = "access_extension"

    id: Mapped[str] = id_column()
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    access_id: Mapped[str] = plain_column(Text)
    ended_before: Mapped[datetime | None] = plain_column(MOMENT)
    ends_at: Mapped[datetime] = plain_column(MOMENT)
    reason: Mapped[str] = personal_column(Text, nullable=True)
    extended_by: Mapped[str] = plain_column(Text)
    extended_at: Mapped[datetime] = plain_column(MOMENT)
