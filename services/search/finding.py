"""Answering a search: the engine finds, the projection says how things are now."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from servicekit.db.database import Database
from servicekit.ids import is_id
from servicekit.web.cursors import InvalidCursor, decode_cursor, encode_cursor
from services.search import overlay, queries
from services.search.engine.errors import EngineUnavailable
from services.search.engine.port import MAX_ID_BYTES, After, Engine, Hit, Page, Total
from services.search.errors import SearchDegraded
from services.search.fresh import FreshHit, fresh_hit, window
from services.search.overlay import VersionToken, Waiting
from services.search.query.parse import parse
from services.search.query.tree import Query

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}\Z")
_HIGHEST_SCORE = 2**24


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller searches for."""

    publisher_id: str
    q: str
    limit: int
    cursor: str | None = None
    version_token: str | None = None
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    hits: Sequence[FreshHit]
    total: Total
    next_after: After | None
    degraded: bool = False


def find_customers(database: Database, engine: Engine, waiting: Waiting, asked: Asked) -> dict[str, Any]:
    """A page of customers, ready for JSON (``SearchPage``).

    Raises QueryTooLong, InvalidCursor, InvalidVersionToken, and SearchDegraded where the engine is down and the
    projection can't answer alone.
    """
    query = parse(asked.q)
    kind = _cursor_kind(asked.q)
    after = _position(kind, asked.cursor)
    token = overlay.read_token(asked.version_token) if asked.version_token is not None else None
    satisfied = token is not None and waiting.wait_for(database, asked.publisher_id, token, asked.wait_seconds)
    try:
        page = engine.search(asked.publisher_id, query, limit=asked.limit, after=after)
        answer = _refreshed(database, asked, query, page, after, token if satisfied else None)
    except EngineUnavailable:
        answer = _degraded(database, asked, query, after)
    document: dict[str, Any] = {
        "items": [hit.to_json() for hit in answer.hits],
        "next_cursor": encode_cursor(kind, *answer.next_after) if answer.next_after else None,
        "total": {"value": answer.total.value, "exact": answer.total.exact},
    }
    if answer.degraded:
        document["degraded"] = True
    if token is not None:
        document["version_token_satisfied"] = satisfied
    return document


def _refreshed(
    database: Database, asked: Asked, query: Query, page: Page, after: After | None, token: VersionToken | None
) -> _Answer:
    """The engine's page as the projection has it, with the customer of ``token`` in its place."""
    wanted = [hit.customer_id for hit in page.hits] + ([token.customer_id] if token else [])
    with queries.reading(database) as connection:
        rows = queries.customers(connection, asked.publisher_id, wanted)
    shown = [hit.customer_id for hit in page.hits if not _lags(hit, rows, token)]
    found = (fresh_hit(query, rows.get(customer_id)) for customer_id in shown)
    hits, next_after = [hit for hit in found if hit is not None], page.next_after
    known = page.total.value - (len(page.hits) - len(hits))
    if token is not None and token.customer_id not in shown:
        newcomer = fresh_hit(query, rows.get(token.customer_id))
        if newcomer is not None and overlay.belongs(newcomer, after=after, next_after=next_after):
            hits, next_after = overlay.overlaid(hits, newcomer, limit=asked.limit, next_after=next_after)
            known += 1
    total = Total(known, exact=True) if page.total.exact else page.total
    return _Answer(hits=hits, total=total, next_after=next_after)


def _lags(hit: Hit, rows: Mapping[str, Any], token: VersionToken | None) -> bool:
    """Whether ``hit`` is the customer of ``token`` as it was before: then its place may be another one now."""
    if token is None or hit.customer_id != token.customer_id:
        return False
    return bool(rows[hit.customer_id].doc_version > hit.doc_version) if hit.customer_id in rows else True


def _degraded(database: Database, asked: Asked, query: Query, after: After | None) -> _Answer:
    """Those who have exactly this ID or email. Raises SearchDegraded for anything that may be something else.

    A customer's ID or an email address in full that nobody has is answered: nobody. Anything else that nobody has
    as an ID might be a name.
    """
    if len(query.words) != 1 or not query.words[0].forms:
        raise SearchDegraded
    word = query.words[0]
    with queries.reading(database) as connection:
        ids = queries.holders(connection, asked.publisher_id, word.forms)
        rows = queries.customers(connection, asked.publisher_id, ids)
    found = [hit for hit in (fresh_hit(query, row) for row in rows.values()) if hit is not None]
    if not found and not any(is_id(form, "cus") or _EMAIL.match(form) for form in word.forms):
        raise SearchDegraded
    hits, next_after = window(found, limit=asked.limit, after=after)
    return _Answer(hits=hits, total=Total(len(found), exact=True), next_after=next_after, degraded=True)


def _cursor_kind(q: str) -> str:
    """A cursor leads on in the result of one query only."""
    return "search:" + hashlib.sha256(q.encode()).hexdigest()[:12]


def _position(kind: str, cursor: str | None) -> After | None:
    if cursor is None:
        return None
    score, customer_id = decode_cursor(kind, cursor, int, str)
    if not 0 <= score <= _HIGHEST_SCORE or not customer_id or len(customer_id.encode()) > MAX_ID_BYTES:
        raise InvalidCursor
    return score, customer_id
