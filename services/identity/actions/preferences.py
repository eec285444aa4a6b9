"""How staff members like things shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity.errors import PreferencesChangedMeanwhile
from services.identity.models import StaffPreferences
from services.identity.queries.preferences import FIRST_VERSION, get_preferences


def set_preferences(
    session: Session,
    *,
    publisher_id: str,
    staff_id: str,
    document: dict[str, Any],
    expected_version: int | None,
    now: datetime,
) -> tuple[dict[str, Any], int]:
    """Replace a staff member's preferences; answers them and their version. The same again change nothing.

    Without ``expected_version`` the last one to write wins. Raises PreferencesChangedMeanwhile.
    """
    _ensure_row(session, publisher_id, staff_id, now)
    kept = session.scalars(
        select(StaffPreferences)
        .where(StaffPreferences.publisher_id == publisher_id, StaffPreferences.staff_id == staff_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if expected_version not in (None, kept.version):
        raise PreferencesChangedMeanwhile(kept.version)
    if kept.document != document:
        kept.document, kept.version, kept.updated_at = document, kept.version + 1, now
        session.flush()
    return kept.document, kept.version


def _ensure_row(session: Session, publisher_id: str, staff_id: str, now: datetime) -> None:
    """A row to lock, as if the default ones had been written."""
    document, version = get_preferences(session, publisher_id=publisher_id, staff_id=staff_id)
    if version == FIRST_VERSION:
        session.execute(
            insert(StaffPreferences)
            .values(staff_id=staff_id, publisher_id=publisher_id, version=version, document=document, updated_at=now)
            .on_conflict_do_nothing(index_elements=["staff_id"])
        )
