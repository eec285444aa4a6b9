"""A customer's transactions: each page costs the same, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from servicekit.clock import rfc3339
from servicekit.web.cursors import InvalidCursor, decode_cursor, encode_cursor
from services.billing import events
from services.billing.models.transactions import Refund, Transaction
from services.billing.queries.paging import load_offers
from services.billing.views.transactions import transaction_state

_SORTED_BY = {"created_at": Transaction.created_at, "amount": Transaction.amount_minor}
_SAME = ("status", "channel", "offer_id", "subscription_id")


def list_transactions(session: Session, *, publisher_id: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A page of a customer's transactions (``asked`` as in ``ListTransactions``). Raises InvalidCursor."""
    sort, customer_id = asked["sort"], asked["customer_id"]
    column: Any = _SORTED_BY[sort.lstrip("-")]
    statement = _filtered(publisher_id, asked)
    kind = f"transactions:{customer_id}:{sort}"
    order = tuple_(column, Transaction.id)
    if asked.get("cursor") is not None:
        after = _position(kind, asked["cursor"], sort)
        statement = statement.where(order < after if sort.startswith("-") else order > after)
    down = sort.startswith("-")
    by = [column.desc(), Transaction.id.desc()] if down else [column, Transaction.id]
    rows = session.scalars(statement.order_by(*by).limit(asked["limit"] + 1)).all()
    shown = rows[: asked["limit"]]
    cursor = encode_cursor(kind, *_place(shown[-1], sort)) if len(rows) > len(shown) else None
    return {"items": present_transactions(session, shown), "next_cursor": cursor}


def present_transactions(session: Session, rows: Sequence[Transaction]) -> list[dict[str, Any]]:
    """Transactions with their offers and refunds, by one statement for each."""
    load_offers(session, (row.offer_id for row in rows))
    refunds: dict[str, list[Refund]] = defaultdict(list)
    if any(row.version > 1 for row in rows):
        wanted = [row.id for row in rows if row.version > 1]
        for refund in session.scalars(select(Refund).where(Refund.transaction_id.in_(wanted)).order_by(Refund.id)):
            refunds[refund.transaction_id].append(refund)
    return [transaction_state(row, events.offer_of(session, row.offer_id), refunds[row.id]) for row in rows]


def refunds_of(session: Session, transaction_id: str) -> Sequence[Refund]:
    """A transaction's refunds, oldest first."""
    return session.scalars(select(Refund).where(Refund.transaction_id == transaction_id).order_by(Refund.id)).all()


def _filtered(publisher_id: str, asked: Mapping[str, Any]) -> Select[tuple[Transaction]]:
    statement = select(Transaction).where(
        Transaction.publisher_id == publisher_id, Transaction.customer_id == asked["customer_id"]
    )
    for name in _SAME:
        if name in asked:
            statement = statement.where(getattr(Transaction, name) == asked[name])
    if "external_order_id" in asked:
        statement = statement.where(Transaction.external_order_key == asked["external_order_id"].casefold())
    if "created_from" in asked:
        statement = statement.where(Transaction.created_at >= asked["created_from"])
    if "created_to" in asked:
        statement = statement.where(Transaction.created_at < asked["created_to"])
    return statement


def _place(row: Transaction, sort: str) -> tuple[Any, str]:
    return (rfc3339(row.created_at) if "created_at" in sort else row.amount_minor), row.id


def _position(kind: str, cursor: str, sort: str) -> Any:
    value, last = decode_cursor(kind, cursor, str if "created_at" in sort else int, str)
    if "created_at" in sort:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidCursor from None
        if value.tzinfo is None:
            raise InvalidCursor
    elif abs(value) >= 2**63:
        raise InvalidCursor
    return (value, last)
