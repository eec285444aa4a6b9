"""A customer's transactions: each page costs the same, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Select, bindparam, select, tuple_
from sqlalchemy.orm import Session

from servicekit.clock import rfc3339
from servicekit.web.cursors import InvalidCursor, decode_cursor, encode_cursor
from services.billing import events
from services.billing.errors import TransactionNotFound
from services.billing.models.offers import Offer
from services.billing.models.transactions import Refund, Transaction
from services.billing.queries.operations import open_operations
from services.billing.queries.paging import offers_loaded
from services.billing.views.transactions import detailed_transaction, transaction_state

_SORTED_BY = {"created_at": Transaction.created_at, "amount": Transaction.amount_minor}
_SAME = ("status", "channel", "offer_id", "subscription_id")
_UNTOUCHED = 2
"""The version of a transaction that was begun and settled."""

# Rows, not objects: these are read most of all.
_joined = select(
    *Transaction.__table__.columns,
    Offer.external_id.label("offer_external_id"),
    Offer.name.label("offer_name"),
    Offer.kind.label("offer_kind"),
).join(Offer, Offer.id == Transaction.offer_id)
_WITH_OFFER = _joined.where(Transaction.id == bindparam("id"), Transaction.publisher_id == bindparam("publisher_id"))


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
    rows = session.execute(statement.order_by(*by).limit(asked["limit"] + 1)).all()
    shown = rows[: asked["limit"]]
    cursor = encode_cursor(kind, *_place(shown[-1], sort)) if len(rows) > len(shown) else None
    refunds = _refunds(session, shown)
    items = [transaction_state(row, _offer_in(row), refunds[row.id]) for row in shown]
    return {"items": items, "next_cursor": cursor}


def present_transactions(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Transactions with their offers and refunds, by one statement for each."""
    refunds = _refunds(session, rows)
    with offers_loaded(session, (row.offer_id for row in rows)):
        return [transaction_state(row, events.offer_of(session, row.offer_id), refunds[row.id]) for row in rows]


def read_transaction(session: Session, publisher_id: str, transaction_id: str) -> dict[str, Any]:
    """A transaction as ``transaction_details`` has it, by one statement where it can be. Raises TransactionNotFound."""
    found = {"id": transaction_id, "publisher_id": publisher_id}
    row = session.execute(_WITH_OFFER, found).one_or_none()
    if row is None:
        raise TransactionNotFound
    if _is_simple(row):
        return detailed_transaction(row, _offer_in(row), [], {})
    refunds = refunds_of(session, row.id)
    operations = open_operations(session, [row.id, *(each.id for each in refunds)])
    return detailed_transaction(row, _offer_in(row), refunds, operations)


def transaction_details(session: Session, transaction: Transaction) -> dict[str, Any]:
    """A transaction with every field of its refunds, and what the provider is still to do."""
    refunds = refunds_of(session, transaction.id)
    operations = open_operations(session, [transaction.id, *(each.id for each in refunds)])
    return detailed_transaction(transaction, events.offer_of(session, transaction.offer_id), refunds, operations)


def _is_simple(row: Any) -> bool:
    """Whether a transaction can have neither refunds nor anything open at a provider: settled, and never touched
    again (each step of a refund is a version)."""
    return bool(row.status != "pending" and row.version <= _UNTOUCHED)


def _offer_in(row: Any) -> Any:
    return SimpleNamespace(id=row.offer_id, external_id=row.offer_external_id, name=row.offer_name, kind=row.offer_kind)


def _refunds(session: Session, rows: Sequence[Any]) -> dict[str, list[Refund]]:
    refunds: dict[str, list[Refund]] = defaultdict(list)
    wanted = [row.id for row in rows if not _is_simple(row)]
    if wanted:
        for refund in session.scalars(select(Refund).where(Refund.transaction_id.in_(wanted)).order_by(Refund.id)):
            refunds[refund.transaction_id].append(refund)
    return refunds


def refunds_of(session: Session, transaction_id: str) -> Sequence[Refund]:
    """A transaction's refunds, oldest first."""
    return session.scalars(select(Refund).where(Refund.transaction_id == transaction_id).order_by(Refund.id)).all()


def _filtered(publisher_id: str, asked: Mapping[str, Any]) -> Select[Any]:
    statement = _joined.where(Transaction.publisher_id == publisher_id, Transaction.customer_id == asked["customer_id"])
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


def _place(row: Any, sort: str) -> tuple[Any, str]:
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
