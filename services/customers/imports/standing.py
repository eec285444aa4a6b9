"""The customers that a batch of rows may be about, as they are now and as the rows before have made them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import ARRAY, Text, any_, bindparam, select, text
from sqlalchemy.orm import Session

from servicekit.imports.keeping import seen_identities
from servicekit.imports.tables import ImportJob
from services.customers.imports.models import TABLES
from services.customers.imports.rows import Row
from services.customers.models import Customer

_columns = Customer.__table__.columns
# Lists go as JSON: as arrays they would be escaped one by one in Python. Each element is looked up by itself (LIMIT
# keeps it so): what the planner knows of tables that grow this fast is out of date, and it would read them whole.
_HOLDERS = text(
    """
    SELECT held.customer_id
    FROM json_to_recordset(:pairs) AS wanted (source text, id text)
    CROSS JOIN LATERAL (
        SELECT customer_id FROM external_id
        WHERE publisher_id = :publisher_id AND source = wanted.source AND external_id = wanted.id LIMIT 1
    ) AS held
    """
)
_BY_EMAIL = text(
    """
    SELECT held.id
    FROM json_array_elements_text(:keys) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT id FROM customer WHERE publisher_id = :publisher_id AND email_key = wanted.key LIMIT 1
    ) AS held
    """
)
_EARLIER = text(
    """
    SELECT row_number, customer_id, email_hash FROM customer_import_row
    WHERE publisher_id = :publisher_id AND name = :name
    AND row_number IN (SELECT CAST(number AS bigint) FROM json_array_elements_text(:numbers) AS wanted (number))
    """
)


@dataclass(slots=True)
class Standing:
    """A customer, with the columns of its table; the same names, so that it is shown as a customer is."""

    id: str
    publisher_id: str
    email: str | None
    email_key: str | None
    first_name: str | None
    last_name: str | None
    company: str | None
    birthdate: date | None
    phone: str | None
    language: str | None
    currency: str | None
    country: str | None
    address: dict[str, Any] | None
    external_ids: list[dict[str, str]]
    attributes: dict[str, Any]
    status: str
    registered_at: datetime
    last_login_at: datetime | None
    anonymized_at: datetime | None
    revision: int
    version: int


_find = (
    select(*(_columns[column.name] for column in fields(Standing)))
    .where(_columns.publisher_id == bindparam("publisher"), _columns.id == any_(bindparam("wanted", type_=ARRAY(Text))))
    .order_by(_columns.id)
)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier import of the same name made of a row: which customer, and a hash of the address it had."""

    customer_id: str
    email_hash: bytes


@dataclass(slots=True)
class World:
    """What a batch's rows are held against. ``seen`` are identities of rows before; row 0: the person was erased."""

    customers: dict[str, Standing] = field(default_factory=dict)
    by_email: dict[str, str] = field(default_factory=dict)
    by_external_id: dict[tuple[str, str], str] = field(default_factory=dict)
    seen: dict[bytes, int] = field(default_factory=dict)
    earlier: dict[int, Earlier] = field(default_factory=dict)

    def put(self, customer: Standing, *, former_email: str | None = None) -> None:
        """A row has made or changed this customer."""
        self.customers[customer.id] = customer
        if former_email is not None and self.by_email.get(former_email) == customer.id:
            del self.by_email[former_email]
        if customer.email_key is not None:
            self.by_email[customer.email_key] = customer.id
        for entry in customer.external_ids:
            self.by_external_id[entry["source"], entry["id"]] = customer.id


def read_world(
    session: Session, job: ImportJob, rows: Sequence[Row], identities: Collection[bytes], *, lock: bool
) -> World:
    """Look everything up that these rows may be about; with ``lock`` nobody else changes those customers meanwhile."""
    mine = {"publisher_id": job.publisher_id}
    world = World()
    world.seen = seen_identities(session, TABLES, job, identities)
    unnamed = [row.number for row in rows if not row.external_ids]
    if unnamed:
        for row in session.execute(_EARLIER, {**mine, "name": job.name, "numbers": _json(unnamed)}):
            world.earlier[row.row_number] = Earlier(row.customer_id, bytes(row.email_hash))
    wanted = {earlier.customer_id for earlier in world.earlier.values()}
    pairs = [entry for row in rows for entry in row.external_ids]
    if pairs:
        wanted |= {row.customer_id for row in session.execute(_HOLDERS, {**mine, "pairs": _json(pairs)})}
    keys = [key for row in rows if (key := row.email_key) is not None]
    if keys:
        wanted |= set(session.scalars(_BY_EMAIL, {**mine, "keys": _json(keys)}))
    for customer in _customers(session, job.publisher_id, wanted, lock=lock):
        world.put(customer)
    return world


def _customers(session: Session, publisher_id: str, wanted: Collection[str], *, lock: bool) -> Iterator[Standing]:
    if not wanted:
        return
    # In the order of their IDs, so that two who lock several never wait for each other.
    statement = _find.with_for_update() if lock else _find
    for row in session.execute(statement, {"publisher": publisher_id, "wanted": sorted(wanted)}):
        yield Standing(*row)


def _json(values: object) -> str:
    return orjson.dumps(values).decode()
