"""Transactions in the PostgreSQL index: their tokens in one table, looked up by equality and by ranges.

Nearly every token is one transaction's only, so there is no vocabulary: a row holds the token, and whose it is.
"""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from services.search.engine.port import Indexed, Outcome, TransactionHit, required
from services.search.engine.postgres_words import behind_prefix
from services.search.query.tree import Word
from services.search.text import MIN_KEY_PREFIX, Kind, Tokens
from services.search.transactions import BY_TRANSACTION_ATTRIBUTE, BY_TRANSACTION_NUMBER, TransactionDocument

LOOKED_AT = 5_000
"""Tokens that begin as typed of which the customers are found out: what is beyond stays unknown."""

_LOCK = text("""
    INSERT INTO search_transaction_document
        (publisher_id, transaction_id, customer_id, doc_version, deleted, stored)
    SELECT publisher_id, transaction_id, '', -1, true, '{}'
    FROM unnest(CAST(:publishers AS text[]), CAST(:ids AS text[])) AS new (publisher_id, transaction_id)
    ON CONFLICT DO NOTHING
""")
_PRESENT = text("""
    SELECT d.publisher_id, d.transaction_id, d.doc_version
    FROM search_transaction_document d
    JOIN unnest(CAST(:publishers AS text[]), CAST(:ids AS text[])) AS k (publisher_id, transaction_id)
        ON d.publisher_id = k.publisher_id AND d.transaction_id = k.transaction_id
    ORDER BY d.publisher_id, d.transaction_id FOR UPDATE OF d
""")
_FORGET = text("""
    DELETE FROM search_transaction_token t
    USING unnest(CAST(:publishers AS text[]), CAST(:ids AS text[])) AS k (publisher_id, transaction_id)
    WHERE t.publisher_id = k.publisher_id AND t.transaction_id = k.transaction_id
""")
_ADD = text("""
    INSERT INTO search_transaction_token (publisher_id, token, transaction_id, attribute, kind, customer_id)
    SELECT publisher_id, token, id, attribute, kind, customer_id FROM jsonb_to_recordset(CAST(:tokens AS jsonb))
        AS new (publisher_id text, token text, id text, attribute smallint, kind smallint, customer_id text)
""")
_UPDATE = text("""
    UPDATE search_transaction_document d
    SET customer_id = new.customer_id, doc_version = new.doc_version, deleted = new.deleted, stored = new.stored
    FROM jsonb_to_recordset(CAST(:documents AS jsonb)) AS new
        (publisher_id text, id text, customer_id text, doc_version bigint, deleted boolean, stored jsonb)
    WHERE d.publisher_id = new.publisher_id AND d.transaction_id = new.id
""")
_DELETE = text("""
    DELETE FROM search_transaction_document d
    USING unnest(CAST(:ids AS text[]), CAST(:versions AS bigint[])) AS given (transaction_id, version)
    WHERE d.publisher_id = :publisher AND d.transaction_id = given.transaction_id AND d.doc_version <= given.version
    RETURNING d.publisher_id, d.transaction_id
""")


def write_transactions(connection: Connection, entries: Sequence[TransactionDocument]) -> dict[int, Outcome]:
    """Write ``entries`` inside the caller's transaction; outcomes by position."""
    newest: dict[tuple[str, str], int] = {}
    for position, entry in enumerate(entries):
        key = (required(entry.publisher_id), entry.id)
        if key not in newest or entries[newest[key]].doc_version <= entry.doc_version:
            newest[key] = position
    keys = _keys(sorted(newest))
    connection.execute(_LOCK, keys)
    outcomes = dict.fromkeys(range(len(entries)), Outcome.STALE)
    changes: list[TransactionDocument] = []
    for publisher_id, transaction_id, version in connection.execute(_PRESENT, keys):
        position = newest[publisher_id, transaction_id]
        if entries[position].doc_version >= version:
            outcomes[position] = Outcome.WRITTEN
            changes.append(entries[position])
    if changes:
        connection.execute(_FORGET, _keys([(entry.publisher_id, entry.id) for entry in changes]))
        connection.execute(_ADD, {"tokens": orjson.dumps([row for each in changes for row in _tokens(each)]).decode()})
        connection.execute(_UPDATE, {"documents": orjson.dumps([_document(each) for each in changes]).decode()})
    return outcomes


def find(connection: Connection, publisher_id: str, word: Word, *, limit: int) -> list[TransactionHit]:
    """See ``Engine.find_transactions``."""
    parameters: dict[str, Any] = {
        "publisher": required(publisher_id),
        "attributes": [BY_TRANSACTION_ATTRIBUTE[name].number for name in word.attributes],
        "forms": list(word.forms),
        "limit": limit,
    }
    mine = "publisher_id = :publisher AND attribute = ANY(CAST(:attributes AS smallint[]))"
    columns = "customer_id, transaction_id"
    selects = [f"(SELECT {columns}, 1 AS way FROM search_transaction_token WHERE {mine} AND token = ANY(:forms))"]
    for place, form in enumerate(() if word.exact else word.forms):
        parameters |= {f"first{place}": form, f"behind{place}": behind_prefix(form)}
        kinds = "" if len(form) >= MIN_KEY_PREFIX else f" AND kind <> {int(Kind.KEY)}"
        selects.append(
            f"""(SELECT {columns}, 2 AS way FROM search_transaction_token
            WHERE {mine} AND token >= :first{place} AND token < :behind{place}{kinds} LIMIT {LOOKED_AT})"""
        )
    statement = f"""
        SELECT d.transaction_id, d.customer_id, d.stored FROM (
            SELECT * FROM (
                SELECT DISTINCT ON (customer_id) * FROM ({" UNION ALL ".join(selects)}) found
                ORDER BY customer_id, way, transaction_id DESC
            ) best ORDER BY way, transaction_id DESC LIMIT :limit
        ) best CROSS JOIN LATERAL (
            SELECT transaction_id, customer_id, stored FROM search_transaction_document
            WHERE publisher_id = :publisher AND transaction_id = best.transaction_id AND NOT deleted OFFSET 0
        ) d ORDER BY best.way, d.transaction_id DESC
    """
    return [TransactionHit(*row) for row in connection.execute(text(statement), parameters)]


def versions(connection: Connection, publisher_id: str, ids: Sequence[str]) -> dict[str, int]:
    """``doc_version`` of these transactions, tombstones too."""
    statement = text("""
        SELECT transaction_id, doc_version FROM search_transaction_document
        WHERE publisher_id = :publisher AND transaction_id = ANY(:ids)
    """)
    rows = connection.execute(statement, {"publisher": required(publisher_id), "ids": list(ids)})
    return {row.transaction_id: row.doc_version for row in rows}


def count(connection: Connection, publisher_id: str) -> int:
    """How many can be found."""
    statement = text("""
        SELECT count(*) FROM search_transaction_document WHERE publisher_id = :publisher AND NOT deleted
    """)
    return int(connection.execute(statement, {"publisher": required(publisher_id)}).scalar_one())


def documents(connection: Connection, publisher_id: str, where: str, parameters: Mapping[str, Any]) -> list[Indexed]:
    """The documents ``d`` for which ``where`` (constants and parameters) holds, with their tokens."""
    statement = text(f"""
        SELECT d.*, (SELECT json_agg(json_build_array(t.attribute, t.token, t.kind)) FROM search_transaction_token t
            WHERE t.publisher_id = d.publisher_id AND t.transaction_id = d.transaction_id) AS tokens
        FROM search_transaction_document d WHERE d.publisher_id = :publisher AND {where}
    """)
    rows = connection.execute(statement, {"publisher": required(publisher_id), **parameters})
    return [_indexed(row) for row in rows]


def forget(connection: Connection, publisher_id: str, given: Mapping[str, int]) -> None:
    """Remove these documents unless they are newer than the version given by ID."""
    parameters = {"publisher": required(publisher_id), "ids": list(given), "versions": list(given.values())}
    gone = [(row.publisher_id, row.transaction_id) for row in connection.execute(_DELETE, parameters)]
    if gone:
        connection.execute(_FORGET, _keys(gone))


def _keys(keys: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    return {"publishers": [publisher_id for publisher_id, _ in keys], "ids": [identifier for _, identifier in keys]}


def _tokens(entry: TransactionDocument) -> list[dict[str, Any]]:
    whose = {"publisher_id": entry.publisher_id, "id": entry.id, "customer_id": entry.customer_id}
    return [
        {**whose, "token": token, "attribute": BY_TRANSACTION_ATTRIBUTE[name].number, "kind": int(kind)}
        for name, tokens in entry.tokens().items()
        for token, kind in tokens.items()
    ]


def _document(entry: TransactionDocument) -> dict[str, Any]:
    return {
        "publisher_id": entry.publisher_id,
        "id": entry.id,
        "customer_id": entry.customer_id,
        "doc_version": entry.doc_version,
        "deleted": entry.deleted,
        "stored": {} if entry.deleted else dict(entry.stored),
    }


def _indexed(row: Row[Any]) -> Indexed:
    tokens: dict[str, Tokens] = {}
    for attribute, token, kind in row.tokens or ():
        tokens.setdefault(BY_TRANSACTION_NUMBER[attribute].name, {})[token] = Kind(kind)
    return Indexed(row.transaction_id, row.doc_version, row.deleted, tokens, {}, row.stored, row.customer_id)
