"""Pages of things, newest first, by their IDs: what is made meanwhile neither moves nor doubles what is to come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
    offers_in: Callable[[Any], Iterable[str | None]] = lambda _: (),
) -> dict[str, Any]:
    """A page of ``statement``'s rows of ``model``; ``offers_in`` names the offers that ``present`` will want of one.

    Raises InvalidCursor.
    """
    if cursor is not None:
        (after,) = decode_cursor(kind, cursor, str)
        statement = statement.where(model.id < after)
    rows = session.scalars(statement.order_by(model.id.desc()).limit(limit + 1)).all()
    with offers_loaded(session, (offer_id for row in rows for offer_id in offers_in(row))):
        items = [present(row) for row in rows[:limit]]
    more = len(rows) > limit
    return {"items": items, "next_cursor": encode_cursor(kind, rows[limit - 1].id) if more else None}


@contextmanager
def offers_loaded(session: Session, offer_ids: Iterable[str | None]) -> Iterator[None]:
    """Have these offers in the session, by one statement, as long as the block runs."""
    wanted = {offer_id for offer_id in offer_ids if offer_id is not None}
    # The session itself refers to what it holds only weakly.
    held = session.scalars(select(Offer).where(Offer.id.in_(wanted))).all() if wanted else ()
    yield
    del held
