"""Keeping billing's copy of who the customers are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from services.billing.inbound import CustomerTold
from services.billing.models.people import KnownIdentity

# A newer version replaces an older one, whatever the order they come in; an erased one stays erased.
_TAKE = text(
    """
    INSERT INTO known_customer (customer_id, publisher_id, told, erased, version)
    SELECT customer_id, :publisher_id, told, false, version
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given (customer_id text, told jsonb, version bigint)
    ON CONFLICT (customer_id) DO UPDATE SET told = excluded.told, version = excluded.version
    WHERE known_customer.version < excluded.version AND NOT known_customer.erased
    RETURNING customer_id
    """
)
_ERASE = text(
    """
    INSERT INTO known_customer (customer_id, publisher_id, told, erased, version)
    VALUES (:customer_id, :publisher_id, NULL, true, :version)
    ON CONFLICT (customer_id) DO UPDATE SET told = NULL, erased = true, version = excluded.version
    """
)
_NAME = text(
    """
    INSERT INTO known_identity (publisher_id, kind, value, customer_id)
    SELECT :publisher_id, kind, value, customer_id
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given (kind text, value text, customer_id text)
    ON CONFLICT DO NOTHING
    """
)


def take_customers(session: Session, *, publisher_id: str, told: Sequence[CustomerTold]) -> None:
    """Take in the state of customers; what is older than what is known changes nothing."""
    newest: dict[str, CustomerTold] = {}
    for each in told:
        if each.customer_id not in newest or newest[each.customer_id].version < each.version:
            newest[each.customer_id] = each
    rows = [
        {"customer_id": each.customer_id, "told": each.told, "version": each.version}
        for each in sorted(newest.values(), key=lambda each: each.customer_id)
    ]
    taken = list(session.scalars(_TAKE, {"publisher_id": publisher_id, "rows": _json(rows)}))
    if not taken:
        return
    session.execute(delete(KnownIdentity).where(KnownIdentity.customer_id.in_(taken)))
    names = [
        {"kind": kind, "value": value, "customer_id": customer_id}
        for customer_id in taken
        for kind, value in newest[customer_id].identities
    ]
    if names:
        session.execute(_NAME, {"publisher_id": publisher_id, "rows": _json(names)})


def forget_customer(session: Session, *, publisher_id: str, customer_id: str, version: int) -> None:
    """Know nothing more of a customer but that there was one."""
    session.execute(_ERASE, {"publisher_id": publisher_id, "customer_id": customer_id, "version": version})
    session.execute(delete(KnownIdentity).where(KnownIdentity.customer_id == customer_id))


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return orjson.dumps(rows).decode()
