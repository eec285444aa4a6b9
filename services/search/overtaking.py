"""An index that is ahead of the projection: it holds documents of versions the projection never gave out.

That is so after this service's database went back to an earlier moment: the index then takes what is written for old,
erasures too. The remedy is to give out versions above those of the index, and to mark what was kept out anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.search.dirty import Claimed, Key

MARGIN = 100_000
"""Versions left free above the index's. Others may draw versions at the moment in which the sequence is moved, which
no lock keeps them from: it would take so many to move it back."""

_KEYS = "unnest(CAST(:publishers AS text[]), CAST(:customers AS text[])) AS key (publisher_id, customer_id)"
_PRESENT = text(f"""
    SELECT c.publisher_id, c.customer_id, c.doc_version
    FROM {_KEYS} JOIN search_customer c ON c.publisher_id = key.publisher_id AND c.customer_id = key.customer_id
    UNION ALL
    SELECT t.publisher_id, t.transaction_id, t.doc_version
    FROM {_KEYS} JOIN search_transaction t ON t.publisher_id = key.publisher_id AND t.transaction_id = key.customer_id
""")  # noqa: S608 - constants only
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('doc_version overtakes the index', 0))")
_ADVANCE = text("""
    SELECT setval('doc_version', :version + :margin)
    WHERE coalesce(pg_sequence_last_value('doc_version'::regclass), 0) <= :version
""")
# Only what is still as it was claimed: a newer state has a newer version and its own mark.
_MARK = """
    WITH kept_out AS (
        SELECT c.publisher_id, c.{id}
        FROM unnest(CAST(:publishers AS text[]), CAST(:customers AS text[]), CAST(:versions AS bigint[]))
            AS claimed (publisher_id, customer_id, doc_version)
        JOIN {table} c ON c.publisher_id = claimed.publisher_id AND c.{id} = claimed.customer_id
            AND c.doc_version = claimed.doc_version
        ORDER BY c.publisher_id, c.{id} FOR UPDATE OF c
    ), changed AS (
        UPDATE {table} c SET doc_version = nextval('doc_version') FROM kept_out
        WHERE c.publisher_id = kept_out.publisher_id AND c.{id} = kept_out.{id}
        RETURNING c.publisher_id, c.{id}, c.doc_version
    )
    INSERT INTO search_dirty AS present (publisher_id, customer_id, doc_version, marked_at, due_at)
    SELECT publisher_id, {id}, doc_version, clock_timestamp(), clock_timestamp()
    FROM changed ORDER BY publisher_id, {id}
    ON CONFLICT (publisher_id, customer_id) DO UPDATE
    SET doc_version = excluded.doc_version, due_at = excluded.due_at, attempts = 0, refusal = NULL
    RETURNING present.customer_id
"""
# Customers before transactions, as everywhere.
_MARKS = (
    (False, text(_MARK.format(table="search_customer", id="customer_id"))),
    (True, text(_MARK.format(table="search_transaction", id="transaction_id"))),
)


def kept_out(session: Session, stale: Sequence[Claimed]) -> set[Key]:
    """Those of the ``stale`` (what the index has a newer version of) whose version is the projection's newest.

    The others were overtaken by another indexer with a newer state, as it should be.
    """
    present = session.execute(_PRESENT, _keys(stale))
    versions = {(publisher_id, identifier): version for publisher_id, identifier, version in present}
    return {customer.key for customer in stale if versions.get(customer.key) == customer.doc_version}


def overtake(session: Session, customers: Sequence[Claimed], indexed: Mapping[Key, int]) -> int:
    """Give ``customers`` versions above those ``indexed`` and mark them, due at once; how many.

    The sequence only moves up. Customers that changed since they were claimed are left alone.
    """
    ordered = sorted(customers, key=lambda customer: customer.key)
    if not ordered:
        return 0
    session.execute(_LOCK)
    highest = max(indexed[customer.key] for customer in ordered)
    session.execute(_ADVANCE, {"version": highest, "margin": MARGIN})
    marked = 0
    for is_owned, mark in _MARKS:
        some = [each for each in ordered if (each.owner is not None) is is_owned]
        parameters = {**_keys(some), "versions": [each.doc_version for each in some]}
        marked += len(session.execute(mark, parameters).all()) if some else 0
    return marked


def _keys(customers: Sequence[Claimed]) -> dict[str, list[str]]:
    return {
        "publishers": [customer.publisher_id for customer in customers],
        "customers": [customer.id for customer in customers],
    }
