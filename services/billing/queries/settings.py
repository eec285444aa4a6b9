"""A publisher's billing settings."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.billing.models.settings import BillingSettings, defaults


def billing_settings(session: Session, publisher_id: str) -> BillingSettings:
    """What the publisher has set, or what holds for one that has set nothing (then not in the database)."""
    return session.get(BillingSettings, publisher_id) or defaults(publisher_id)
