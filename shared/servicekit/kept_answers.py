"""Answers kept for requests sent again (``Idempotency-Key``): taking a person's data out of them."""

from __future__ import annotations

from sqlalchemy import null, update
from sqlalchemy.orm import Session

from servicekit.db.tables import idempotency_key as table


def forget_answers(session: Session, *, publisher_id: str, datasubject: str) -> None:
    """Blank the kept answers that speak of this person."""
    session.execute(
        update(table)
        .where(table.c.publisher_id == publisher_id, table.c.datasubject == datasubject)
        .values(body=null(), headers=null())
    )
