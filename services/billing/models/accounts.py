"""The billing account of a customer: its lock, its counters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, personal_column, plain_column
from services.billing.models.base import Base, object_column

UNUSED: Mapping[str, Any] = {
    "status": "open",
    "transactions_count": 0,
    "lifetime_value": {},
    "active_subscriptions": 0,
    "has_access": False,
    "version": 0,
}
"""The columns of an account in which nothing has happened."""


class Account(Base):
    """One for each customer. Whoever writes anything of this customer's holds the lock on this row.

    The counters are changed in the transaction of what they count. ``lifetime_value`` is minor units by currency.
    """

    __tablename__ = "account"

    customer_id: Mapped[str] = plain_column(Text, primary_key=True)
    publisher_id: Mapped[str] = plain_column(Text)
    status: Mapped[str] = plain_column(Text)
    transactions_count: Mapped[int] = plain_column(BigInteger)
    lifetime_value: Mapped[dict[str, int]] = plain_column(JSONB)
    active_subscriptions: Mapped[int] = plain_column(Integer)
    subscription_status: Mapped[str | None] = plain_column(Text)
    next_payment_at: Mapped[datetime | None] = plain_column(MOMENT)
    next_payment: Mapped[dict[str, Any] | None] = object_column()
    last_payment_method: Mapped[dict[str, Any] | None] = personal_column(JSONB(none_as_null=True))
    first_transaction_at: Mapped[datetime | None] = plain_column(MOMENT)
    last_transaction_at: Mapped[datetime | None] = plain_column(MOMENT)
    first_channel: Mapped[str | None] = plain_column(Text)
    last_channel: Mapped[str | None] = plain_column(Text)
    has_access: Mapped[bool] = plain_column(Boolean)
    access_until: Mapped[datetime | None] = plain_column(MOMENT)
    closed_at: Mapped[datetime | None] = plain_column(MOMENT)
    version: Mapped[int] = plain_column(BigInteger)


def blank_account(publisher_id: str, customer_id: str) -> Account:
    """What the account of a customer is who never bought anything; not in the database."""
    return Account(customer_id=customer_id, publisher_id=publisher_id, **UNUSED)
