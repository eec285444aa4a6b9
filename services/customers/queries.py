"""Reads."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from servicekit.feed import FeedItem, FeedPage, read_feed
from servicekit.web.cursors import decode_cursor, encode_cursor
from services.customers.errors import CustomerNotFound, NotAnonymized
from services.customers.models import Change, Customer, Erasure, ExternalId, email_key
from services.customers.views import change_state, customer_state

_columns = Customer.__table__.columns
_all = select(*_columns)


def get_customer(session: Session, publisher_id: str, customer_id: str) -> Any:
    """One customer. Raises CustomerNotFound."""
    row = session.execute(_all.where(_columns.publisher_id == publisher_id, _columns.id == customer_id)).one_or_none()
    if row is None:
        raise CustomerNotFound
    return row


def locked_customer(session: Session, customer_id: str) -> Customer:
    """A customer whose row this transaction has locked already: nothing is read again."""
    return session.get_one(Customer, customer_id)


def list_customers(
    session: Session, *, publisher_id: str, cursor: str | None, limit: int, email: str | None, external_id: str | None
) -> dict[str, Any]:
    """A page of customers, newest first. Raises InvalidCursor.

    Paging is by ID, so a customer created meanwhile neither moves nor doubles one that is still to come.
    """
    statement = _all.where(_columns.publisher_id == publisher_id).order_by(_columns.id.desc())
    if email is not None:
        statement = statement.where(_columns.email_key == email_key(email.strip()))
    if external_id is not None:
        holders = select(ExternalId.customer_id).where(
            ExternalId.publisher_id == publisher_id, ExternalId.external_id == external_id.strip()
        )
        statement = statement.where(_columns.id.in_(holders))
    return _page(session, statement, "customers", _columns.id, cursor, limit, customer_state)


def list_changes(
    session: Session, *, publisher_id: str, customer_id: str, cursor: str | None, limit: int
) -> dict[str, Any]:
    """A page of a customer's change history, newest first. Raises CustomerNotFound, InvalidCursor."""
    get_customer(session, publisher_id, customer_id)
    columns = Change.__table__.columns
    statement = select(*columns).where(columns.customer_id == customer_id).order_by(columns.id.desc())
    return _page(session, statement, f"changes:{customer_id}", columns.id, cursor, limit, change_state)


def get_erasure(session: Session, publisher_id: str, customer_id: str) -> Erasure:
    """The ledger's entry of an anonymization. Raises CustomerNotFound, NotAnonymized."""
    get_customer(session, publisher_id, customer_id)
    erasure = session.get(Erasure, customer_id)
    if erasure is None:
        raise NotAnonymized
    return erasure


def customers_feed(session: Session, *, cursor: str | None, limit: int) -> FeedPage:
    """A page of every publisher's customers in their present state, for a consumer that begins.

    An anonymized one is a tombstone: deleted, and its state has nothing personal.
    """
    return read_feed(session, _all, key=_columns.id, present=_feed_item, cursor=cursor, limit=limit)


def _feed_item(row: Any) -> FeedItem:
    return FeedItem(
        subject=row.id,
        publisher_id=row.publisher_id,
        version=row.version,
        datasubject=row.id,
        deleted=row.status == "anonymized",
        data=customer_state(row),
    )


def _page(
    session: Session,
    statement: Select[Any],
    kind: str,
    key: Any,
    cursor: str | None,
    limit: int,
    present: Any,
) -> dict[str, Any]:
    if cursor is not None:
        (after,) = decode_cursor(kind, cursor, str)
        statement = statement.where(key < after)
    rows = session.execute(statement.limit(limit + 1)).all()
    more = len(rows) > limit
    items = [present(row) for row in rows[:limit]]
    return {"items": items, "next_cursor": encode_cursor(kind, items[-1]["id"]) if more else None}
