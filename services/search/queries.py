"""Reads of the projection. Every one of them is built by ``of_publisher``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, Table, select
from sqlalchemy.orm import Session

from services.search.engine.port import required
from services.search.models import customer, identifier

_MOST_HOLDERS = 1_000


def of_publisher(table: Table, publisher_id: str) -> Select[Any]:
    """The rows of one publisher: what every read of the projection starts from, as no row level security guards it.

    Raises MissingPublisher without one.
    """
    return select(table).where(table.c.publisher_id == required(publisher_id))


def customers(session: Session, publisher_id: str, customer_ids: Sequence[str]) -> dict[str, Any]:
    """The rows (see ``models.customer``) of those of these customers that are known, tombstones included, by ID."""
    if not customer_ids:
        return {}
    statement = of_publisher(customer, publisher_id).where(customer.c.customer_id.in_(customer_ids))
    return {row.customer_id: row for row in session.execute(statement)}


def all_customers(session: Session, publisher_id: str) -> Iterator[Any]:
    """Every row of a publisher by customer ID, read bit by bit."""
    statement = of_publisher(customer, publisher_id).order_by(customer.c.customer_id)
    yield from session.execute(statement, execution_options={"yield_per": 500})


def customer_version(session: Session, publisher_id: str, customer_id: str) -> int:
    """The version of the customer's own section; 0 for one that isn't known."""
    statement = of_publisher(customer, publisher_id).where(customer.c.customer_id == customer_id)
    row = session.execute(statement.with_only_columns(customer.c.customer_version)).first()
    return 0 if row is None else int(row[0])


def holders(session: Session, publisher_id: str, values: Sequence[str]) -> list[str]:
    """The customers that have one of these identifiers (normalized), the newest thousand."""
    statement = of_publisher(identifier, publisher_id).where(identifier.c.value.in_(values))
    ids = statement.with_only_columns(identifier.c.customer_id).distinct().order_by(identifier.c.customer_id.desc())
    return list(session.scalars(ids.limit(_MOST_HOLDERS)))
