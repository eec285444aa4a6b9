"""About whom rows are, by what notes knows of the customers; who may still be on the way here is waited for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import collate, func, or_, select, text
from sqlalchemy.orm import Session

from servicekit.imports.keeping import ERASED, Rejection, identity_hash, seen_identities
from servicekit.imports.rows import Fault
from servicekit.imports.tables import ImportJob
from servicekit.imports.waiting import wait_for
from servicekit.screening import screen
from services.notes.imports.models import TABLES
from services.notes.imports.rows import BY_ID, Row, Who
from services.notes.models import Customer

_ERASED_MEANWHILE = "The customer was anonymized."
_BY_EMAIL = text(
    """
    SELECT 'email' AS kind, wanted.value, held.customer_id
    FROM json_to_recordset(:wanted) AS wanted (kind text, value text)
    CROSS JOIN LATERAL (
        SELECT customer_id FROM customer
        WHERE publisher_id = :publisher_id AND email_key = wanted.value ORDER BY customer_id DESC LIMIT 1
    ) AS held
    """
)
_BY_EXTERNAL_ID = text(
    """
    SELECT wanted.kind, wanted.value, held.customer_id
    FROM json_to_recordset(:wanted) AS wanted (kind text, value text)
    CROSS JOIN LATERAL (
        SELECT customer_id FROM external_id
        WHERE publisher_id = :publisher_id AND source = wanted.kind AND external_id = wanted.value
        ORDER BY customer_id DESC LIMIT 1
    ) AS held
    """
)


@dataclass(slots=True)
class Found:
    """The customers of a batch's rows. ``rejected`` are rows about somebody who was erased: nothing of them is kept."""

    customer_of: dict[int, str] = field(default_factory=dict)
    customers: Mapping[str, Customer] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)

    def reject(self, row: Row) -> None:
        """This row is about somebody who was erased."""
        self.customer_of.pop(row.number, None)
        self.rejected.append(Rejection(row.number, [Fault("", _ERASED_MEANWHILE)], secret=True))


def find_customers(session: Session, job: ImportJob, rows: Sequence[Row], now: datetime) -> Found:
    """Each row's customer, none of whom is erased until the commit, locked unless it is a dry run.

    Rows about somebody unknown are blamed. Raises NotYet while they may still be on their way.
    """
    found = Found()
    held = _held(session, job.publisher_id, {who for row in rows for who in row.who})
    for row in rows:
        customer_id = next((held[who] for who in row.who if who in held), None)
        if customer_id is not None:
            found.customer_of[row.number] = customer_id
    screened = screen(session, job.publisher_id, set(found.customer_of.values()))
    # Looked up last: an erasure that came first has left its mark by now.
    barred = _barred(session, job, rows)
    for row in rows:
        customer_id = screened.resolve(found.customer_of.get(row.number))
        if row.number in barred or screened.is_erased(customer_id):
            found.reject(row)
        elif customer_id is not None:
            found.customer_of[row.number] = customer_id
    _blame_missing(session, job, rows, found, now)
    found.customers = _customers(session, job, set(found.customer_of.values()))
    for row in rows:
        customer_id = found.customer_of.get(row.number)
        if customer_id is not None and found.customers[customer_id].erased_at is not None:
            found.reject(row)
    return found


def identity_of(who: Who) -> str:
    """By what an erased person's rows are known; see ``forgetting``."""
    return f"{who[0]} {who[1]}"


def _blame_missing(session: Session, job: ImportJob, rows: Sequence[Row], found: Found, now: datetime) -> None:
    gone = {rejection.row_number for rejection in found.rejected}
    missing = [row for row in rows if row.who and row.number not in found.customer_of and row.number not in gone]
    if any(not row.faults for row in missing):
        known = select(func.max(Customer.customer_id)).where(
            Customer.publisher_id == job.publisher_id, Customer.version > 0
        )
        wait_for(session, job, "customers", newest=session.scalar(known), now=now)
    for row in missing:
        row.blame(_field(row), "No customer is known by this. Import the customers first.")


def _held(session: Session, publisher_id: str, wanted: Collection[Who]) -> dict[Who, str]:
    held: dict[Who, str] = {}
    own = sorted({value for kind, value in wanted if kind == BY_ID})
    if own:
        # One who was never told of may have a row: a tombstone, or a lock of somebody who looked for a note.
        there = or_(Customer.version > 0, Customer.erased_at.is_not(None))
        known = select(Customer.customer_id).where(
            Customer.publisher_id == publisher_id, Customer.customer_id.in_(own), there
        )
        held |= {(BY_ID, customer_id): customer_id for customer_id in session.scalars(known)}
    emails = [who for who in wanted if who[0] == "email"]
    others = [who for who in wanted if who[0] not in (BY_ID, "email")]
    for statement, named in ((_BY_EMAIL, emails), (_BY_EXTERNAL_ID, others)):
        if named:
            asked = orjson.dumps([{"kind": kind, "value": value} for kind, value in sorted(named)]).decode()
            rows = session.execute(statement, {"publisher_id": publisher_id, "wanted": asked})
            held |= {(row.kind, row.value): row.customer_id for row in rows}
    return held


def _customers(session: Session, job: ImportJob, wanted: Collection[str]) -> dict[str, Customer]:
    """These customers by their IDs, as copies to count in. In one order, so that no two wait for each other."""
    if not wanted:
        return {}
    statement = (
        select(*Customer.__table__.columns)
        .where(Customer.publisher_id == job.publisher_id, Customer.customer_id.in_(wanted))
        .order_by(collate(Customer.customer_id, "C"))
    )
    rows = session.execute(statement if job.dry_run else statement.with_for_update())
    return {row.customer_id: Customer(**row._asdict()) for row in rows}


def _barred(session: Session, job: ImportJob, rows: Iterable[Row]) -> set[int]:
    """The rows that name somebody who was erased since the file came."""
    hashed = {row.number: [identity_hash(job.id, identity_of(who)) for who in row.who] for row in rows}
    wanted = {identity for identities in hashed.values() for identity in identities}
    seen = seen_identities(session, TABLES, job, wanted)
    erased = {identity for identity, number in seen.items() if number == ERASED}
    return {number for number, identities in hashed.items() if erased.intersection(identities)}


def _field(row: Row) -> str:
    for target in ("customer_external_id", "customer_id", "customer_email"):
        if target in row.columns:
            return target
    return next((target for target in row.columns if target.startswith("customer_")), "")
