"""What is to be done at a payment provider: intended in one transaction, done outside, its outcome in another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, personal_column, plain_column
from services.billing.models.base import Base, id_column

OPEN = ("pending", "in_doubt", "processing")
CALLED_OFF = "called_off"
AMOUNT_DIFFERS = "amount_differs"
"""How ``last_problem`` begins where a provider says that another amount was taken than was ordered."""


class Operation(Base):
    """One order to a provider; its ID is the idempotency key.

    ``pending``: not carried out as far as is known; ``in_doubt``: the provider may have done it; ``processing``: it has
    taken it on; then ``succeeded`` or ``failed``, for good. ``called_off``: a charge that is not tried any more, as its
    transaction is being cancelled; whether the provider has done it is for the ``void`` to find out.
    ``first_called_at`` tells whether the provider still keeps the key. ``fence`` grows with each claim: an executor
    whose lease ran out can't record what it found.
    """

    __tablename__ = "operation"

    id: Mapped[str] = id_column()
    publisher_id: Mapped[str] = plain_column(Text)
    customer_id: Mapped[str] = plain_column(Text)
    kind: Mapped[str] = plain_column(Text)
    subject_id: Mapped[str] = plain_column(Text)
    provider: Mapped[str] = plain_column(Text)
    request: Mapped[dict[str, Any]] = personal_column(JSONB)
    status: Mapped[str] = plain_column(Text)
    attempts: Mapped[int] = plain_column(Integer)
    next_attempt_at: Mapped[datetime] = plain_column(MOMENT)
    first_called_at: Mapped[datetime | None] = plain_column(MOMENT)
    lease_until: Mapped[datetime] = plain_column(MOMENT)
    fence: Mapped[int] = plain_column(BigInteger)
    last_problem: Mapped[str | None] = plain_column(Text)
    requested_by: Mapped[str] = plain_column(Text)
    created_at: Mapped[datetime] = plain_column(MOMENT)
    done_at: Mapped[datetime | None] = plain_column(MOMENT)
