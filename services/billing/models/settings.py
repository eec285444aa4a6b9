"""How a publisher wants to bill."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped

from servicekit.db.columns import plain_column
from services.billing.models.base import Base

DEFAULT_DUNNING_DAYS = (1, 3, 5, 7)


class BillingSettings(Base):
    """One for each publisher that has changed something; ``defaults`` says what holds for the others.

    ``dunning_days``: when a failed renewal is tried again, in days after the first failure; after the last one the
    subscription expires. ``refund_window_days`` NULL: refunds are never too late. ``seller`` goes onto invoices.
    """

    __tablename__ = "billing_settings"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    time_zone: Mapped[str] = plain_column(Text)
    refund_window_days: Mapped[int | None] = plain_column(Integer)
    dunning_days: Mapped[list[int]] = plain_column(ARRAY(Integer))
    seller: Mapped[dict[str, Any]] = plain_column(JSONB)
    version: Mapped[int] = plain_column(BigInteger)


def defaults(publisher_id: str) -> BillingSettings:
    """What holds for a publisher that has changed nothing."""
    return BillingSettings(
        publisher_id=publisher_id,
        time_zone="UTC",
        refund_window_days=None,
        dunning_days=list(DEFAULT_DUNNING_DAYS),
        seller={},
        version=1,
    )
