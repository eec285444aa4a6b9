"""Answers kept for requests sent again (``Idempotency-Key``): taking a person's data out of them, and old ones away."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, null, update
from sqlalchemy.orm import Session

from servicekit.db.tables import idempotency_key as table

KEPT = timedelta(hours=24)


def forget_answers(session: Session, *, publisher_id: str, datasubject: str) -> None:
    """Blank the kept answers that speak of this person."""
    session.execute(
        update(table)
        .where(table.c.publisher_id == publisher_id, table.c.datasubject == datasubject)
        .values(body=null(), headers=null())
    )


def forget_old_answers(session: Session, *, publisher_id: str, now: datetime) -> None:
    """Delete a publisher's answers that were kept long enough. For a service without a relay, which does it."""
    session.execute(delete(table).where(table.c.publisher_id == publisher_id, table.c.created_at < now - KEPT))
