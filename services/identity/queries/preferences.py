"""How a staff member likes things shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity.models import StaffPreferences

# Whoever never set any has these, in this version.
DEFAULT_PREFERENCES: Mapping[str, Any] = {"theme": "auto", "language": None, "time_zone": None, "customer_list": None}
FIRST_VERSION = 1


def get_preferences(session: Session, *, publisher_id: str, staff_id: str) -> tuple[dict[str, Any], int]:
    """A staff member's preferences and their version."""
    kept = session.execute(
        select(StaffPreferences.document, StaffPreferences.version).where(
            StaffPreferences.publisher_id == publisher_id, StaffPreferences.staff_id == staff_id
        )
    ).first()
    if kept is None:
        return dict(DEFAULT_PREFERENCES), FIRST_VERSION
    # A preference added later is not in documents from before.
    return {**DEFAULT_PREFERENCES, **kept.document}, kept.version
