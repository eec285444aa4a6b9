"""Writing the projection: what producers tell, whole batches at a time, in whatever order it comes.

The version decides: an older or equal state changes nothing, and nothing brings an erased customer back. Rows are
locked in key order, customers before their dirty marks, so that batches never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Result, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from servicekit.db.tables import erased_subject
from servicekit.parking import forget_parked
from services.search.documents import BY_NAME
from services.search.engine.port import required
from services.search.inbound import CustomerTold
from services.search.text import Kind

_PROJECT = text("""
    INSERT INTO search_customer AS present (publisher_id, customer_id, customer, customer_version, doc_version)
    SELECT :publisher_id, customer_id, customer, version, nextval('doc_version')
    FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS told (customer_id text, version bigint, customer jsonb)
    ORDER BY customer_id COLLATE "C"
    ON CONFLICT (publisher_id, customer_id) DO UPDATE
    SET customer = excluded.customer, customer_version = excluded.customer_version,
        doc_version = nextval('doc_version')
    WHERE present.customer_version < excluded.customer_version AND NOT present.deleted
    RETURNING customer_id, doc_version
""")
_ERASE = text("""
    INSERT INTO search_customer AS present
        (publisher_id, customer_id, customer_version, deleted, erased_at, doc_version)
    SELECT :publisher_id, customer_id, version, true, erased_at, nextval('doc_version')
    FROM unnest(CAST(:customers AS text[]), CAST(:versions AS bigint[]), CAST(:moments AS timestamptz[]))
        AS erased (customer_id, version, erased_at)
    ORDER BY customer_id COLLATE "C"
    ON CONFLICT (publisher_id, customer_id) DO UPDATE
    SET customer = NULL, customer_version = greatest(present.customer_version, excluded.customer_version),
        deleted = true, erased_at = excluded.erased_at, doc_version = nextval('doc_version')
    WHERE NOT present.deleted
    RETURNING customer_id, doc_version
""")
# A statement of its own: it has to see what another transaction did before this one got the customers' locks.
_FOLLOW = text("""
    WITH known AS (
        SELECT * FROM unnest(CAST(:holders AS text[]), CAST(:values AS text[])) AS known (customer_id, value)
    ), gone AS (
        DELETE FROM identifier present
        WHERE publisher_id = :publisher_id AND customer_id = ANY(CAST(:customers AS text[])) AND NOT EXISTS
            (SELECT FROM known WHERE known.customer_id = present.customer_id AND known.value = present.value)
    ), added AS (
        INSERT INTO identifier (publisher_id, value, customer_id)
        SELECT :publisher_id, value, customer_id FROM known ORDER BY value, customer_id
        ON CONFLICT DO NOTHING
    )
    INSERT INTO search_dirty AS present (publisher_id, customer_id, doc_version, marked_at, due_at)
    SELECT :publisher_id, customer_id, doc_version, clock_timestamp(), clock_timestamp()
    FROM unnest(CAST(:customers AS text[]), CAST(:doc_versions AS bigint[])) AS changed (customer_id, doc_version)
    ORDER BY customer_id COLLATE "C"
    ON CONFLICT (publisher_id, customer_id) DO UPDATE
    SET doc_version = excluded.doc_version, attempts = 0, refusal = NULL,
        due_at = CASE WHEN present.refusal IS NULL THEN present.due_at ELSE excluded.due_at END
""")

_THEIRS = """
    SELECT publisher_id, customer_id FROM search_customer
    WHERE publisher_id = :publisher_id AND customer_id = ANY(CAST(:customers AS text[])) AND NOT deleted
"""
_DOUBT = text(f"""
    WITH theirs AS ({_THEIRS} ORDER BY customer_id FOR UPDATE)
    UPDATE search_customer present SET customer_version = 0 FROM theirs
    WHERE present.publisher_id = theirs.publisher_id AND present.customer_id = theirs.customer_id
""")  # noqa: S608 - constants only
_EMPTY = text(f"""
    WITH theirs AS (
        {_THEIRS} AND customer_version = 0 AND customer IS NOT NULL ORDER BY customer_id FOR UPDATE
    )
    UPDATE search_customer present SET customer = NULL, doc_version = nextval('doc_version') FROM theirs
    WHERE present.publisher_id = theirs.publisher_id AND present.customer_id = theirs.customer_id
    RETURNING present.customer_id, present.doc_version
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class CustomerErased:
    """Word that a customer was anonymized; ``version`` is the last that there will be."""

    customer_id: str
    version: int
    erased_at: datetime


def project_customers(session: Session, *, publisher_id: str, told: Iterable[CustomerTold]) -> int:
    """Take customers' states in; how many were news. Raises MissingPublisher."""
    newest: dict[str, CustomerTold] = {}
    for customer in told:
        known = newest.get(customer.customer_id)
        if known is None or known.version < customer.version:
            newest[customer.customer_id] = customer
    if not newest:
        return 0
    rows = [
        {"customer_id": customer.customer_id, "version": customer.version, "customer": customer.state}
        for customer in newest.values()
    ]
    parameters = {"publisher_id": required(publisher_id), "told": orjson.dumps(rows).decode()}
    changed = _versions(session.execute(_PROJECT, parameters))
    _follow(session, publisher_id, changed, {customer_id: newest[customer_id].state for customer_id in changed})
    return len(changed)


def erase_customers(session: Session, *, publisher_id: str, erased: Sequence[CustomerErased]) -> int:
    """Forget customers for good: what is left is a tombstone; how many were news. Raises MissingPublisher."""
    if not erased:
        return 0
    parameters = {
        "publisher_id": required(publisher_id),
        "customers": [customer.customer_id for customer in erased],
        "versions": [customer.version for customer in erased],
        "moments": [customer.erased_at for customer in erased],
    }
    changed = _versions(session.execute(_ERASE, parameters))
    _follow(session, publisher_id, changed, {})
    for customer in erased:
        subject = {"publisher_id": publisher_id, "subject": customer.customer_id, "erased_at": customer.erased_at}
        session.execute(insert(erased_subject).values(**subject).on_conflict_do_nothing())
        forget_parked(session, publisher_id=publisher_id, datasubject=customer.customer_id)
    return len(changed)


def doubt_customers(session: Session, *, publisher_id: str, customers: Sequence[str]) -> None:
    """Take whatever is told next of these, even what is older; until then they stay as they are.

    Not of erased ones, whom nothing brings back. Raises MissingPublisher.
    """
    session.execute(_DOUBT, {"publisher_id": required(publisher_id), "customers": list(customers)})


def empty_doubted(session: Session, *, publisher_id: str, customers: Sequence[str]) -> int:
    """Forget what was known of those of these of whom nothing was told since they were doubted; how many.

    They come back when something is told of them. Raises MissingPublisher.
    """
    parameters = {"publisher_id": required(publisher_id), "customers": list(customers)}
    changed = _versions(session.execute(_EMPTY, parameters))
    _follow(session, publisher_id, changed, {})
    return len(changed)


def identifiers_of(state: Mapping[str, Any]) -> set[str]:
    """What a customer is found by as by a whole ID or email, normalized."""
    return {
        token
        for name in ("id", "external_id", "email")
        for found in BY_NAME[name].values(state)
        for token, kind in found.tokens.items()
        if kind in (Kind.KEY, Kind.WHOLE)
    }


def _versions(result: Result[Any]) -> dict[str, int]:
    return {row.customer_id: row.doc_version for row in result}


def _follow(
    session: Session, publisher_id: str, changed: Mapping[str, int], states: Mapping[str, Mapping[str, Any]]
) -> None:
    """Bring identifiers and dirty marks in line with the customers ``changed`` (ID: ``doc_version``)."""
    if not changed:
        return
    known = [(customer_id, value) for customer_id, state in states.items() for value in identifiers_of(state)]
    session.execute(
        _FOLLOW,
        {
            "publisher_id": publisher_id,
            "holders": [customer_id for customer_id, _ in known],
            "values": [value for _, value in known],
            "customers": list(changed),
            "doc_versions": list(changed.values()),
        },
    )
