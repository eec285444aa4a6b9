"""The transactions that rows may be about, and the subscriptions that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from servicekit.imports.keeping import identity_hash, seen_identities
from servicekit.imports.tables import ImportJob
from services.billing.imports.remembering import earlier_things
from services.billing.imports.rows import Row
from services.billing.imports.transaction_rows import Key, has_own_id, keys_of, order_identity
from services.billing.models.imports import TABLES

_SAME = "amount_minor, currency, customer_id, created_at"
# Each looked up by itself: what the planner knows of tables that grow this fast is out of date.
_BY_ORDER = text(
    f"""
    SELECT wanted.channel AS kind, wanted.key, held.* FROM json_to_recordset(:wanted) AS wanted (channel text, key text)
    CROSS JOIN LATERAL (
        SELECT id, {_SAME} FROM transaction WHERE publisher_id = :publisher_id
        AND channel = wanted.channel AND external_order_key = wanted.key LIMIT 1
    ) AS held
    """  # noqa: S608
)
_BY_REFERENCE = text(
    f"""
    SELECT wanted.channel AS kind, wanted.key, held.* FROM json_to_recordset(:wanted) AS wanted (channel text, key text)
    CROSS JOIN LATERAL (
        SELECT id, {_SAME} FROM transaction WHERE publisher_id = :publisher_id
        AND provider = wanted.channel AND provider_reference = wanted.key LIMIT 1
    ) AS held
    """  # noqa: S608
)
_BY_ID = text(
    f"""
    SELECT id, {_SAME} FROM transaction WHERE publisher_id = :publisher_id
    AND id IN (SELECT json_array_elements_text(:wanted))
    """  # noqa: S608
)
_SUBSCRIPTIONS = text(
    """
    SELECT external_id, id, customer_id FROM subscription WHERE publisher_id = :publisher_id
    AND external_id IN (SELECT json_array_elements_text(:wanted))
    """
)


@dataclass(frozen=True, slots=True)
class Known:
    """A transaction that is there already, or that a row before has made."""

    id: str
    amount_minor: int
    currency: str
    customer_id: str
    created_at: datetime
    row_number: int | None = None


def find_known(
    session: Session, job: ImportJob, rows: Sequence[Row], customer_of: Mapping[int, str]
) -> dict[Key, Known]:
    """The transactions that are there of those that the rows may be about."""
    known: dict[Key, Known] = {}
    for kind, statement in (("order", _BY_ORDER), ("reference", _BY_REFERENCE)):
        wanted = [{"channel": key[1], "key": key[2]} for row in rows for key in keys_of(row) if key[0] == kind]
        if wanted:
            for row in _execute(session, job, statement, wanted):
                known[kind, row.kind, row.key] = _known(row)
    earlier = earlier_things(session, job, [row.number for row in rows if not has_own_id(row)])
    if earlier:
        things = {row.id: row for row in _execute(session, job, _BY_ID, list(earlier.values()))}
        known |= {("row", "", str(number)): _known(things[each]) for number, each in earlier.items() if each in things}
    if job.dry_run:
        _add_seen(session, job, rows, customer_of, known)
    return known


def find_subscriptions(session: Session, job: ImportJob, rows: Sequence[Row]) -> dict[str, tuple[str, str]]:
    """The subscriptions that the rows name: ID and customer by external ID."""
    named = {value for row in rows if (value := row.values.get("subscription_external_id")) is not None}
    found = _execute(session, job, _SUBSCRIPTIONS, sorted(named)) if named else ()
    return {row.external_id: (row.id, row.customer_id) for row in found}


def _add_seen(
    session: Session, job: ImportJob, rows: Sequence[Row], customer_of: Mapping[int, str], known: dict[Key, Known]
) -> None:
    """In a dry run the rows of batches before are nowhere but here: taken to say the same."""
    orders = {order: row for row in rows if (order := order_identity(row)) is not None}
    hashed = {identity_hash(job.id, order): row for order, row in orders.items()}
    for identity, number in seen_identities(session, TABLES, job, hashed).items():
        row = hashed[identity]
        values, customer_id = row.values, customer_of[row.number]
        same = Known("", values["amount_minor"], values["currency"], customer_id, values["created_at"], number)
        for key in keys_of(row):
            known.setdefault(key, same)


def _execute(session: Session, job: ImportJob, statement: TextClause, wanted: object) -> Any:
    return session.execute(statement, {"publisher_id": job.publisher_id, "wanted": orjson.dumps(wanted).decode()})


def _known(row: Any) -> Known:
    return Known(row.id, row.amount_minor, row.currency, row.customer_id, row.created_at)
