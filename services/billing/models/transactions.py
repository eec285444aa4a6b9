"""Transactions and their refunds: movements of money."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, personal_column, plain_column
from services.billing.models.base import Base, id_column, minor_column, object_column

STATUSES = ("pending", "succeeded", "failed", "cancelled", "refunded", "partially_refunded")
SETTLED = ("succeeded", "partially_refunded", "refunded")
CHANNELS = ("web", "apple", "google", "roku", "amazon", "other")
STORES = ("apple", "google", "roku", "amazon")
"""Channels where the customer pays a store, which pays the publisher."""
REFUND_REASONS = ("requested_by_customer", "duplicate", "fraudulent", "service_problem", "goodwill", "other")


class Transaction(Base):
    """One movement of money for an offer. Amounts include tax.

    ``refunded_minor`` has been given back, ``refunding_minor`` is being given back: both together never exceed the
    amount. ``external_order_key`` is the order ID as it is compared (letter case does not tell two apart). A renewal is
    unique by subscription, period and attempt.
    """

    __tablename__ = "transaction"

    id: Mapped[str] = id_column()
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    kind: Mapped[str] = plain_column(Text)
    offer_id: Mapped[str] = plain_column(Text)
    subscription_id: Mapped[str | None] = plain_column(Text)
    amount_minor: Mapped[int] = minor_column()
    tax_minor: Mapped[int] = minor_column()
    refunded_minor: Mapped[int] = minor_column()
    refunding_minor: Mapped[int] = minor_column()
    currency: Mapped[str] = plain_column(Text)
    status: Mapped[str] = plain_column(Text)
    channel: Mapped[str] = plain_column(Text)
    provider: Mapped[str] = plain_column(Text)
    provider_reference: Mapped[str | None] = personal_column(Text)
    payment_method_id: Mapped[str | None] = plain_column(Text)
    payment_method: Mapped[dict[str, Any] | None] = personal_column(JSONB(none_as_null=True))
    external_order_id: Mapped[str | None] = personal_column(Text)
    external_order_key: Mapped[str | None] = personal_column(Text)
    period_number: Mapped[int | None] = plain_column(Integer)
    period_start: Mapped[datetime | None] = plain_column(MOMENT)
    period_end: Mapped[datetime | None] = plain_column(MOMENT)
    attempt: Mapped[int | None] = plain_column(Integer)
    failure: Mapped[dict[str, Any] | None] = object_column()
    origin: Mapped[str] = plain_column(Text)
    created_at: Mapped[datetime] = plain_column(MOMENT)
    settled_at: Mapped[datetime | None] = plain_column(MOMENT)
    version: Mapped[int] = plain_column(BigInteger)

    @property
    def left_minor(self) -> int:
        """What can still be given back."""
        return self.amount_minor - self.refunded_minor - self.refunding_minor


class Refund(Base):
    """Money given back. What it does besides (``ends_access``, ``stops_renewals``) happens when it succeeds."""

    __tablename__ = "refund"

    id: Mapped[str] = id_column()
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    transaction_id: Mapped[str] = plain_column(Text)
    amount_minor: Mapped[int] = minor_column()
    currency: Mapped[str] = plain_column(Text)
    status: Mapped[str] = plain_column(Text)
    reason: Mapped[str] = plain_column(Text)
    comment: Mapped[str | None] = personal_column(Text)
    ends_access: Mapped[bool] = plain_column(Boolean)
    stops_renewals: Mapped[bool] = plain_column(Boolean)
    provider_reference: Mapped[str | None] = personal_column(Text)
    failure: Mapped[dict[str, Any] | None] = object_column()
    requested_by: Mapped[str] = plain_column(Text)
    requested_at: Mapped[datetime] = plain_column(MOMENT)
    settled_at: Mapped[datetime | None] = plain_column(MOMENT)
