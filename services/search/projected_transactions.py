"""Writing transactions into the projection: whole batches, in whatever order they come; the newest version stays.

Their rows are locked in the order of their IDs, behind the customers' rows and marks, before their own marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.search.engine.port import required
from services.search.inbound.transaction import TransactionTold
from services.search.marks import MARK
from services.search.transactions import identifiers_of

_PROJECT = text(f"""
    WITH changed AS (
        INSERT INTO search_transaction AS present
            (publisher_id, transaction_id, customer_id, transaction, identifiers, version, doc_version)
        SELECT :publisher_id, id, customer_id, state, identifiers, version, nextval('doc_version')
        FROM jsonb_to_recordset(CAST(:told AS jsonb))
            AS told (id text, customer_id text, state jsonb, identifiers text[], version bigint)
        ORDER BY id COLLATE "C"
        ON CONFLICT (publisher_id, transaction_id) DO UPDATE
        SET customer_id = excluded.customer_id, transaction = excluded.transaction, version = excluded.version,
            identifiers = excluded.identifiers, doc_version = nextval('doc_version')
        WHERE present.version < excluded.version AND NOT present.deleted
        RETURNING transaction_id, doc_version
    )
    {MARK.format(id="transaction_id", changed="changed")} RETURNING customer_id
""")  # noqa: S608 - constants only
_THEIRS = """
    SELECT publisher_id, transaction_id FROM search_transaction
    WHERE publisher_id = :publisher_id AND customer_id = ANY(CAST(:customers AS text[])) AND NOT deleted
"""
_CHANGE = f"""
    WITH theirs AS ({_THEIRS} {{which}} ORDER BY transaction_id FOR UPDATE), changed AS (
        UPDATE search_transaction present SET {{change}} FROM theirs
        WHERE present.publisher_id = theirs.publisher_id AND present.transaction_id = theirs.transaction_id
        RETURNING present.transaction_id, present.doc_version
    )
"""  # noqa: S608
_BLANK = "transaction = NULL, identifiers = '{}', deleted = true, doc_version = nextval('doc_version')"
_MARK_CHANGED = MARK.format(id="transaction_id", changed="changed")
_ERASE = text(f"{_CHANGE.format(which='', change=_BLANK)} {_MARK_CHANGED}")
_DOUBT = text(f"{_CHANGE.format(which='', change='version = 0')} SELECT count(*) FROM changed")  # noqa: S608
_EMPTY = text(f"{_CHANGE.format(which='AND version = 0', change=_BLANK)} {_MARK_CHANGED} RETURNING customer_id")


def project_transactions(session: Session, *, publisher_id: str, told: Iterable[TransactionTold]) -> int:
    """Take transactions' states in; how many were news. Raises MissingPublisher."""
    newest: dict[str, TransactionTold] = {}
    for each in told:
        known = newest.get(each.transaction_id)
        if known is None or known.version < each.version:
            newest[each.transaction_id] = each
    if not newest:
        return 0
    rows = [
        {
            "id": each.transaction_id,
            "customer_id": each.customer_id,
            "state": each.state,
            "identifiers": sorted(identifiers_of({**each.state, "id": each.transaction_id})),
            "version": each.version,
        }
        for each in newest.values()
    ]
    parameters = {"publisher_id": required(publisher_id), "told": orjson.dumps(rows).decode()}
    return len(session.execute(_PROJECT, parameters).all())


def erase_transactions(session: Session, *, publisher_id: str, customers: Sequence[str]) -> None:
    """Forget for good what the transactions of these customers were found by. Raises MissingPublisher."""
    session.execute(_ERASE, {"publisher_id": required(publisher_id), "customers": list(customers)})


def doubt_transactions(session: Session, *, publisher_id: str, customers: Sequence[str]) -> None:
    """Take whatever is told next of these customers' transactions, even what is older. Raises MissingPublisher."""
    session.execute(_DOUBT, {"publisher_id": required(publisher_id), "customers": list(customers)})


def empty_doubted_transactions(session: Session, *, publisher_id: str, customers: Sequence[str]) -> int:
    """Forget those of these customers' transactions of which nothing was told since they were doubted; how many.

    They do not come back: an ID of ours is given once. Raises MissingPublisher.
    """
    parameters = {"publisher_id": required(publisher_id), "customers": list(customers)}
    return len(session.execute(_EMPTY, parameters).all())
