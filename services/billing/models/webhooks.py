"""What providers have told us of, so that nothing is taken twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped

from servicekit.db.columns import MOMENT, plain_column
from services.billing.models.base import Base


class WebhookReceipt(Base):
    """A notification that was taken in, by the provider's own ID of it."""

    __tablename__ = "webhook_receipt"

    publisher_id: Mapped[str] = plain_column(Text, primary_key=True)
    provider: Mapped[str] = plain_column(Text, primary_key=True)
    event_id: Mapped[str] = plain_column(Text, primary_key=True)
    received_at: Mapped[datetime] = plain_column(MOMENT)
