"""Subscriptions: recurring offers that customers have."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, Text
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, personal_column, plain_column
from services.billing.models.base import Base, id_column, minor_column

STATUSES = ("trialing", "active", "past_due", "cancelled", "expired")
RUNNING = ("trialing", "active", "past_due", "cancelled")
"""The ones that have not ended."""


class Subscription(Base):
    """A customer's recurring offer.

    Periods are counted from ``anchor_at``: period ``period_number`` ends that many periods after it. ``cancelled`` is
    one that ends with its period and can still be resumed; ``status_before`` is what it then is again. ``attempt`` is
    the last try to charge for the coming period, 0 before the first. ``next_attempt_at`` is when the scheduler has
    something to do with it; for one that a store renews, when it is looked whether it did. ``told_at`` is how late the
    last thing was that its store told of it.
    """

    __tablename__ = "subscription"

    id: Mapped[str] = id_column()
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    offer_id: Mapped[str] = plain_column(Text)
    status: Mapped[str] = plain_column(Text)
    status_before: Mapped[str | None] = plain_column(Text)
    channel: Mapped[str] = plain_column(Text)
    provider: Mapped[str] = plain_column(Text)
    payment_method_id: Mapped[str | None] = plain_column(Text)
    external_id: Mapped[str | None] = personal_column(Text)
    price_minor: Mapped[int] = minor_column()
    currency: Mapped[str] = plain_column(Text)
    period_unit: Mapped[str] = plain_column(Text)
    period_count: Mapped[int] = plain_column(Integer)
    time_zone: Mapped[str] = plain_column(Text)
    started_at: Mapped[datetime] = plain_column(MOMENT)
    anchor_at: Mapped[datetime] = plain_column(MOMENT)
    period_number: Mapped[int] = plain_column(Integer)
    current_period_start: Mapped[datetime] = plain_column(MOMENT)
    current_period_end: Mapped[datetime] = plain_column(MOMENT)
    trial_end: Mapped[datetime | None] = plain_column(MOMENT)
    cancel_at_period_end: Mapped[bool] = plain_column(Boolean)
    cancelled_at: Mapped[datetime | None] = plain_column(MOMENT)
    cancellation_reason: Mapped[str | None] = personal_column(Text)
    ended_at: Mapped[datetime | None] = plain_column(MOMENT)
    ended_reason: Mapped[str | None] = plain_column(Text)
    told_at: Mapped[datetime | None] = plain_column(MOMENT)
    pending_offer_id: Mapped[str | None] = plain_column(Text)
    attempt: Mapped[int] = plain_column(Integer)
    next_attempt_at: Mapped[datetime | None] = plain_column(MOMENT)
    origin: Mapped[str] = plain_column(Text)
    version: Mapped[int] = plain_column(BigInteger)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.status in RUNNING

    @property
    def renews(self) -> bool:
        """Whether it will be charged for a coming period, as far as is known today."""
        return self.status in ("trialing", "active", "past_due") and not self.cancel_at_period_end
