"""The customers that notes knows: told by the customers service, in whatever order it comes. The version decides."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import orjson
from sqlalchemy import ColumnElement, select, text
from sqlalchemy.orm import Session

from servicekit.ids import id_time
from services.notes.errors import CustomerAnonymized, CustomerNotFound, CustomerNotHereYet
from services.notes.inbound import CustomerTold
from services.notes.models import Customer

JUST_NOW = timedelta(minutes=1)
"""So long word of a new customer may be on its way, generously."""

_PROJECT = text("""
    INSERT INTO customer AS present (publisher_id, customer_id, version, email_key)
    SELECT :publisher_id, customer_id, version, email_key
    FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS told (customer_id text, version bigint, email_key text)
    ORDER BY customer_id COLLATE "C"
    ON CONFLICT (publisher_id, customer_id) DO UPDATE
    SET version = excluded.version, email_key = excluded.email_key
    WHERE present.version < excluded.version AND present.erased_at IS NULL
    RETURNING customer_id
""")
_FOLLOW = text("""
    WITH known AS (
        SELECT * FROM jsonb_to_recordset(CAST(:known AS jsonb))
            AS known (customer_id text, source text, external_id text)
    ), gone AS (
        DELETE FROM external_id present
        WHERE publisher_id = :publisher_id AND customer_id = ANY(CAST(:customers AS text[])) AND NOT EXISTS (
            SELECT FROM known WHERE known.customer_id = present.customer_id AND known.source = present.source
                AND known.external_id = present.external_id
        )
    )
    INSERT INTO external_id (publisher_id, external_id, source, customer_id)
    SELECT :publisher_id, external_id, source, customer_id FROM known ORDER BY 2, 3, 4
    ON CONFLICT DO NOTHING
""")
_TOMBSTONE = text("""
    INSERT INTO customer (publisher_id, customer_id, version) VALUES (:publisher_id, :customer_id, 0)
    ON CONFLICT DO NOTHING
""")


def project_customers(session: Session, *, publisher_id: str, told: Iterable[CustomerTold]) -> int:
    """Take one publisher's customers in; how many were news. Nothing brings an erased one back."""
    newest: dict[str, CustomerTold] = {}
    for customer in told:
        known = newest.get(customer.customer_id)
        if known is None or known.version < customer.version:
            newest[customer.customer_id] = customer
    if not newest:
        return 0
    rows = [{"customer_id": c.customer_id, "version": c.version, "email_key": c.email_key} for c in newest.values()]
    parameters = {"publisher_id": publisher_id, "told": orjson.dumps(rows).decode()}
    changed = list(session.scalars(_PROJECT, parameters))
    if changed:
        known_ids = [
            {"customer_id": customer_id, "source": source, "external_id": external_id}
            for customer_id in changed
            for source, external_id in sorted(newest[customer_id].external_ids)
        ]
        session.execute(
            _FOLLOW,
            {"publisher_id": publisher_id, "customers": changed, "known": orjson.dumps(known_ids).decode()},
        )
    return len(changed)


def lock_customer(session: Session, publisher_id: str, customer_id: str) -> Customer:
    """What is known of a customer, locked until the transaction ends. Raises CustomerNotFound, CustomerAnonymized."""
    customer = session.execute(
        select(Customer).where(*_is(publisher_id, customer_id)).with_for_update(),
        execution_options={"populate_existing": True},
    ).scalar_one_or_none()
    if customer is None:
        raise CustomerNotFound
    if customer.erased_at is not None:
        raise CustomerAnonymized
    return customer


def lock_even_unknown(session: Session, publisher_id: str, customer_id: str) -> Customer:
    """The same of one who may never have been told of, or be erased: for erasing."""
    session.execute(_TOMBSTONE, {"publisher_id": publisher_id, "customer_id": customer_id})
    return session.execute(
        select(Customer).where(*_is(publisher_id, customer_id)).with_for_update(),
        execution_options={"populate_existing": True},
    ).scalar_one()


def why_unknown(everywhere: Session, customer_id: str, *, now: datetime) -> CustomerNotFound | CustomerNotHereYet:
    """What to answer about a customer whom this publisher's side of the database hasn't.

    One created a moment ago may be on the way here; another publisher's is not there. ``everywhere`` sees all of them.
    """
    made_at = id_time(customer_id, "cus")
    if made_at is None or abs(now - made_at) >= JUST_NOW:
        return CustomerNotFound()
    others = everywhere.execute(select(Customer.version).where(Customer.customer_id == customer_id)).first()
    return CustomerNotHereYet() if others is None else CustomerNotFound()


def _is(publisher_id: str, customer_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Customer.publisher_id == publisher_id, Customer.customer_id == customer_id
