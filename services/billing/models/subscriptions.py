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
RENEWING = ("trialing", "active", "past_due")
"""And the ones of these that go on after the present period."""


class Subscription(Base):
    """A customer's recurring offer.

    Periods are counted from ``anchor_at``: period ``period_number`` ends ``period_number - periods_before`` periods
    after it. ``cancelled`` is one that ends with its period and can still be resumed; ``status_before`` is what it then
    is again. ``attempt`` is the last try to charge for the coming period, 0 before the first; ``charging_since`` says
    that its outcome isn't known, ``past_due_since`` when the first failed, ``declined_method_id`` which payment details
    are not to be charged for it any more. ``next_attempt_at`` is when the scheduler has something to do with it, and
    ``claimed_until`` how long one of them is at it. ``pending_price_minor``: what the offer that it changes to
    costs, ``switching_price_minor`` the one of a switch that is being paid. ``told_at`` is how late
    the last thing was that its store told of it.
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
    periods_before: Mapped[int] = plain_column(Integer, server_default="0")
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
    pending_price_minor: Mapped[int | None] = minor_column()
    switching_price_minor: Mapped[int | None] = minor_column()
    attempt: Mapped[int] = plain_column(Integer)
    next_attempt_at: Mapped[datetime | None] = plain_column(MOMENT)
    charging_since: Mapped[datetime | None] = plain_column(MOMENT)
    past_due_since: Mapped[datetime | None] = plain_column(MOMENT)
    declined_method_id: Mapped[str | None] = plain_column(Text)
    claimed_until: Mapped[datetime | None] = plain_column(MOMENT)
    origin: Mapped[str] = plain_column(Text)
    version: Mapped[int] = plain_column(BigInteger)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.status in RUNNING

    @property
    def renews(self) -> bool:
        """Whether it will be charged for a coming period, as far as is known today."""
        return self.status in RENEWING and not self.cancel_at_period_end

    @property
    def coming_price_minor(self) -> int:
        """What the coming period costs."""
        return self.price_minor if self.pending_price_minor is None else self.pending_price_minor

    @property
    def is_charged_here(self) -> bool:
        """Whether billing takes the money; elsewhere a store does, and tells."""
        return self.channel == "web"

    @property
    def next_payment_at(self) -> datetime | None:
        """When the customer pays next; while that payment is under way, when it was due. None: not any more."""
        if not self.renews:
            return None
        if not self.is_charged_here:
            return self.current_period_end
        return self.charging_since or self.next_attempt_at

    @property
    def retries_at(self) -> datetime | None:
        """When a payment that failed is tried again."""
        return self.next_attempt_at if self.status == "past_due" and self.charging_since is None else None
