"""Pages of things, newest first, by their IDs: what is made meanwhile neither moves nor doubles what is to come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from servicekit.web.cursors import decode_cursor, encode_cursor
from services.billing.models.offers import Offer


def page_by_id(
    session: Session,
    statement: Select[Any],
    *,
    kind: str,
    model: Any,
    cursor: str | None,
    limit: int,
    present: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """A page of ``statement``'s rows of ``model``. Raises InvalidCursor."""
    if cursor is not None:
        (after,) = decode_cursor(kind, cursor, str)
        statement = statement.where(model.id < after)
    rows = session.scalars(statement.order_by(model.id.desc()).limit(limit + 1)).all()
    items = [present(row) for row in rows[:limit]]
    more = len(rows) > limit
    return {"items": items, "next_cursor": encode_cursor(kind, rows[limit - 1].id) if more else None}


def load_offers(session: Session, offer_ids: Iterable[str | None]) -> None:
    """Have these offers in the session, by one statement."""
    wanted = {offer_id for offer_id in offer_ids if offer_id is not None}
    if wanted:
        session.scalars(select(Offer).where(Offer.id.in_(wanted))).all()
