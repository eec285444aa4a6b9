"""Whom rows are about, by billing's own copy of the customers; and waiting for those who are still on their way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from servicekit.imports.keeping import ERASED, Rejection, identity_hash, seen_identities
from servicekit.imports.rows import Fault
from servicekit.imports.tables import ImportJob
from servicekit.imports.waiting import wait_for
from servicekit.screening import screen
from services.billing.imports.rows import BY_ID, Row, Who
from services.billing.models.imports import TABLES
from services.billing.models.people import KnownCustomer

_ERASED_MEANWHILE = "The customer was anonymized after the file was sent."
_FIND = text(
    """
    SELECT wanted.kind, wanted.value, held.customer_id
    FROM json_to_recordset(:wanted) AS wanted (kind text, value text)
    CROSS JOIN LATERAL (
        SELECT customer_id FROM known_identity
        WHERE publisher_id = :publisher_id AND kind = wanted.kind AND value = wanted.value
        ORDER BY customer_id DESC LIMIT 1
    ) AS held
    """
)


@dataclass(slots=True)
class Found:
    """The customers of a batch's rows. ``rejected`` are rows about somebody who was erased: nothing of them is kept."""

    customer_of: dict[int, str] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)


def find_customers(session: Session, job: ImportJob, rows: Sequence[Row], now: datetime) -> Found:
    """Each row's customer by its number, none of whom is erased until the commit. Those who aren't known are blamed.

    Raises NotYet while they may still be on their way.
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
            found.customer_of.pop(row.number, None)
            found.rejected.append(Rejection(row.number, [Fault("", _ERASED_MEANWHILE)], secret=True))
        elif customer_id is not None:
            found.customer_of[row.number] = customer_id
    gone = {rejection.row_number for rejection in found.rejected}
    missing = [row for row in rows if row.who and row.number not in found.customer_of and row.number not in gone]
    if any(not row.faults for row in missing):
        wait_for_customers(session, job, now)
    for row in missing:
        row.blame(_field(row), "No customer is known by this. Import the customers first.")
    return found


def identity_of(who: Who) -> str:
    """By what an erased person's rows are known; see ``forgetting``."""
    return f"{who[0]} {who[1]}"


def wait_for_customers(session: Session, job: ImportJob, now: datetime) -> None:
    """Raises NotYet while customers may still come that were made before the file was sent."""
    newest = session.scalar(
        select(func.max(KnownCustomer.customer_id)).where(KnownCustomer.publisher_id == job.publisher_id)
    )
    wait_for(session, job, "customers", newest=newest, now=now)


def _held(session: Session, publisher_id: str, wanted: Collection[Who]) -> dict[Who, str]:
    own = sorted({value for kind, value in wanted if kind == BY_ID})
    others = [{"kind": kind, "value": value} for kind, value in sorted(wanted) if kind != BY_ID]
    held: dict[Who, str] = {}
    if own:
        known = select(KnownCustomer.customer_id).where(
            KnownCustomer.publisher_id == publisher_id, KnownCustomer.customer_id.in_(own)
        )
        held |= {(BY_ID, customer_id): customer_id for customer_id in session.scalars(known)}
    if others:
        parameters = {"publisher_id": publisher_id, "wanted": orjson.dumps(others).decode()}
        held |= {(row.kind, row.value): row.customer_id for row in session.execute(_FIND, parameters)}
    return held


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
