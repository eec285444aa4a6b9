"""Reads of the projection. Every one of them is built by ``of_publisher``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, Text, any_, func, literal, literal_column, null, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from servicekit.db.database import Database
from services.search.engine.port import required
from services.search.models import customer, dirty, identifier, transaction
from services.search.sections import CUSTOMER, Section, merged
from services.search.transactions import is_transaction

_MOST_HOLDERS = 1_000
_STATE: ColumnElement[Any] = literal_column(merged("search_customer"), JSONB).label("state")


def of_publisher(table: Table, publisher_id: str) -> Select[Any]:
    """The rows of one publisher: what every read of the projection starts from, as no row level security guards it.

    Raises MissingPublisher without one.
    """
    return select(table).where(table.c.publisher_id == required(publisher_id))


@contextmanager
def reading(database: Database) -> Iterator[Connection]:
    """A connection on which each statement is a transaction of its own: a read costs one round trip, not four."""
    with database.engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def customers(connection: Connection, publisher_id: str, customer_ids: Sequence[str]) -> dict[str, Any]:
    """The rows (see ``models.customer``) of those of these customers that are known, tombstones included, by ID.

    ``state`` is that of all sections together.
    """
    if not customer_ids:
        return {}
    statement = _with_state(of_publisher(customer, publisher_id)).where(_one_of(customer.c.customer_id, customer_ids))
    return {row.customer_id: row for row in connection.execute(statement)}


def versions(connection: Connection, publisher_id: str, customer_ids: Sequence[str]) -> dict[str, int]:
    """``doc_version`` of those of these customers that are known, by ID."""
    if not customer_ids:
        return {}
    statement = of_publisher(customer, publisher_id).where(_one_of(customer.c.customer_id, customer_ids))
    rows = connection.execute(statement.with_only_columns(customer.c.customer_id, customer.c.doc_version))
    return {row.customer_id: row.doc_version for row in rows}


def customers_after(connection: Connection, publisher_id: str, customer_id: str, limit: int) -> Sequence[Any]:
    """The first rows (see ``customers``) behind ``customer_id``, by customer ID, tombstones included."""
    statement = _with_state(of_publisher(customer, publisher_id)).where(customer.c.customer_id > customer_id)
    return connection.execute(statement.order_by(customer.c.customer_id).limit(limit)).all()


def transactions_after(connection: Connection, publisher_id: str, transaction_id: str, limit: int) -> Sequence[Any]:
    """The first rows behind ``transaction_id``, by transaction ID, tombstones included; whose each is: ``owner``."""
    statement = _as_owned(of_publisher(transaction, publisher_id)).where(transaction.c.transaction_id > transaction_id)
    return connection.execute(statement.order_by(transaction.c.transaction_id).limit(limit)).all()


def transactions_with(connection: Connection, publisher_id: str, values: Sequence[str], limit: int) -> Sequence[Any]:
    """The rows of transactions that have one of these identifiers (normalized), the newest first."""
    wanted = literal(list(values), ARRAY(Text))
    statement = _as_owned(of_publisher(transaction, publisher_id)).where(transaction.c.identifiers.overlap(wanted))
    return connection.execute(statement.order_by(transaction.c.transaction_id.desc()).limit(limit)).all()


def rows_and_marks(connection: Connection, publisher_id: str, ids: Sequence[str]) -> dict[str, Any]:
    """The rows of these customers and transactions by ID, each with ``marked_version``, null unless the index lacks it,
    and ``refusal``.

    Both as of one moment: what isn't marked, the index has.
    """
    found: dict[str, Any] = {}
    for table, key, rows in (
        (customer, customer.c.customer_id, _with_state(of_publisher(customer, publisher_id))),
        (transaction, transaction.c.transaction_id, _as_owned(of_publisher(transaction, publisher_id))),
    ):
        same = (dirty.c.publisher_id == table.c.publisher_id) & (dirty.c.customer_id == key)
        statement = (
            rows.where(_one_of(key, [each for each in ids if is_transaction(each) is (table is transaction)]))
            .outerjoin_from(table, dirty, same)
            .add_columns(dirty.c.doc_version.label("marked_version"), dirty.c.refusal)
        )
        found |= {row.id: row for row in connection.execute(statement)}
    return found


def findable(connection: Connection, publisher_id: str) -> int:
    """How many customers there are to be found: tombstones, and those of whom nothing is known, aren't counted."""
    known = of_publisher(customer, publisher_id).where(~customer.c.deleted, customer.c.customer.is_not(None))
    return int(connection.execute(known.with_only_columns(func.count())).scalar_one())


def findable_transactions(connection: Connection, publisher_id: str) -> int:
    """The same of transactions."""
    known = of_publisher(transaction, publisher_id).where(~transaction.c.deleted)
    return int(connection.execute(known.with_only_columns(func.count())).scalar_one())


def customer_version(connection: Connection, publisher_id: str, customer_id: str, section: Section = CUSTOMER) -> int:
    """The version of a section of the customer; 0 for one that isn't known."""
    statement = of_publisher(customer, publisher_id).where(customer.c.customer_id == customer_id)
    row = connection.execute(statement.with_only_columns(customer.c[f"{section.name}_version"])).first()
    return 0 if row is None else int(row[0])


def holders(connection: Connection, publisher_id: str, values: Sequence[str]) -> list[str]:
    """The customers that have one of these identifiers (normalized), the newest thousand."""
    statement = of_publisher(identifier, publisher_id).where(_one_of(identifier.c.value, values))
    ids = statement.with_only_columns(identifier.c.customer_id).distinct().order_by(identifier.c.customer_id.desc())
    return list(connection.scalars(ids.limit(_MOST_HOLDERS)))


def _with_state(rows: Select[Any]) -> Select[Any]:
    """``rows`` of customers with what all sections say together in the place of the sections."""
    sections = {column.name for column in customer.c if isinstance(column.type, JSONB)}
    others = [column for column in customer.c if column.name not in sections]
    return rows.with_only_columns(*others, customer.c.customer_id.label("id"), null().label("owner"), _STATE)


def _as_owned(rows: Select[Any]) -> Select[Any]:
    """``rows`` of transactions in the form of those of customers (``fresh.ProjectedRow``)."""
    columns = transaction.c
    return rows.with_only_columns(
        columns.publisher_id,
        columns.transaction_id.label("id"),
        columns.customer_id.label("owner"),
        columns.transaction.label("state"),
        columns.deleted,
        columns.doc_version,
    )


def _one_of(column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    return column == any_(literal(list(values), ARRAY(Text)))
