"""Payment details on file: the provider's token, never a card number."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, Text
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, personal_column, plain_column
from services.billing.models.base import Base, id_column


class PaymentMethod(Base):
    """How a customer pays, at one provider. ``detaching``: no longer used here, the provider is still to be told."""

    __tablename__ = "payment_method"

    id: Mapped[str] = id_column()
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    provider: Mapped[str] = plain_column(Text)
    provider_reference: Mapped[str | None] = personal_column(Text)
    provider_customer: Mapped[str | None] = personal_column(Text)
    kind: Mapped[str] = plain_column(Text)
    brand: Mapped[str | None] = personal_column(Text)
    last4: Mapped[str | None] = personal_column(Text)
    expiry_month: Mapped[int | None] = personal_column(Integer)
    expiry_year: Mapped[int | None] = personal_column(Integer)
    is_default: Mapped[bool] = plain_column(Boolean)
    status: Mapped[str] = plain_column(Text)
    created_at: Mapped[datetime] = plain_column(MOMENT)
    detached_at: Mapped[datetime | None] = plain_column(MOMENT)
    version: Mapped[int] = plain_column(BigInteger)
