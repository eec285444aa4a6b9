"""Answering a search: the engine finds, the projection says how things are now."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from servicekit.db.database import Database
from servicekit.errors import PersonalDataHidden
from servicekit.ids import is_id
from servicekit.web.cursors import InvalidCursor, decode_cursor, encode_cursor
from services.search import overlay, queries
from services.search.bought import MOST, Lookup, asks_transactions
from services.search.columns import BY_COLUMN, LONGEST_KEY, Order
from services.search.engine.errors import EngineUnavailable, TooBroad
from services.search.engine.port import MAX_ID_BYTES, After, Engine, Hit, Page, Total, TransactionHit
from services.search.errors import SearchDegraded, SearchTooBroad
from services.search.fresh import FreshHit, fresh_hit, hit_of, window
from services.search.overlay import VersionToken, Waiting
from services.search.query.parse import parse, parse_filter
from services.search.query.tree import Query, Word
from services.search.sections import SHOWN_FIELDS

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}\Z")
_HIGHEST_SCORE = 2**24


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller searches for. ``filter`` narrows without ranking; ``now`` is what ages are counted from.

    ``personal``: whether the caller sees personal data, and so may ask by it.
    """

    publisher_id: str
    personal: bool
    q: str
    now: datetime
    filter: str = ""
    order: Order | None = None
    fields: Sequence[str] = SHOWN_FIELDS
    limit: int
    cursor: str | None = None
    exact_total: bool = False
    version_token: str | None = None
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What is asked, understood: from ``now``, which stays the same on every page of one list."""

    asked: Asked
    query: Query
    now: datetime
    after: After | None

    @property
    def order(self) -> Order | None:
        return self.asked.order


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    hits: Sequence[FreshHit]
    total: Total
    next_after: After | None
    degraded: bool = False
    took: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of customers, ready for JSON (``SearchPage``), and how long the engine worked on it, in milliseconds."""

    page: dict[str, Any]
    took: float


def find_customers(database: Database, engine: Engine, waiting: Waiting, asked: Asked) -> Found:
    """A page of customers.

    Raises QueryTooLong, InvalidQuery, PersonalDataHidden, InvalidCursor, InvalidVersionToken, and SearchDegraded where
    the engine is down and the projection can't answer alone; SearchTooBroad where an answer would take too long.
    """
    _refuse_personal_order(asked)
    kind = _cursor_kind(asked)
    now, after = _position(kind, asked)
    parts = (
        parse(asked.q, now=now, personal=asked.personal),
        parse_filter(asked.filter, now=now, personal=asked.personal),
    )
    query = Query(tuple(dict.fromkeys(node for part in parts for node in part.nodes)))
    search = _Search(asked=asked, query=query, now=now, after=after)
    token = overlay.read_token(asked.version_token) if asked.version_token is not None else None
    satisfied = token is not None and waiting.wait_for(database, asked.publisher_id, token, asked.wait_seconds)
    try:
        answer = _answered(database, engine, search, token if satisfied else None)
    except EngineUnavailable:
        answer = _degraded(database, search)
    except TooBroad:
        raise SearchTooBroad from None
    document = _document(kind, search, answer)
    if token is not None:
        document["version_token_satisfied"] = satisfied
    return Found(page=document, took=answer.took)


def _answered(database: Database, engine: Engine, search: _Search, token: VersionToken | None) -> _Answer:
    """By the engine. Raises EngineUnavailable, TooBroad."""
    asked = search.asked

    def find(word: Word) -> Sequence[TransactionHit]:
        hits = engine.find_transactions(asked.publisher_id, word, limit=MOST)
        # What was just written may not be in the index yet.
        fresh = _kept_transactions(database, asked.publisher_id, word) if token is not None else ()
        return [*(hit for hit in fresh if token and hit.customer_id == token.customer_id), *hits]

    lookup = Lookup(find)
    search = replace(search, query=lookup.query(search.query))
    page = engine.search(
        asked.publisher_id,
        search.query,
        limit=asked.limit,
        after=search.after,
        order=asked.order,
        exact_total=asked.exact_total,
    )
    answer = _refreshed(database, search, page, token)
    return answer if lookup.complete else replace(answer, total=replace(answer.total, exact=False))


def _kept_transactions(database: Database, publisher_id: str, word: Word) -> list[TransactionHit]:
    """The transactions that the projection has of this whole ID."""
    if not word.forms:
        return []
    with queries.reading(database) as connection:
        rows = queries.transactions_with(connection, publisher_id, word.forms, MOST)
    return [TransactionHit(row.id, row.owner, row.state or {}) for row in rows]


def _document(kind: str, search: _Search, answer: _Answer) -> dict[str, Any]:
    after = answer.next_after
    document: dict[str, Any] = {
        "items": [hit.to_json(search.asked.fields) for hit in answer.hits],
        "next_cursor": encode_cursor(kind, int(search.now.timestamp() * 1_000_000), *after) if after else None,
        "total": {"value": answer.total.value, "exact": answer.total.exact},
    }
    if answer.degraded:
        document["degraded"] = True
    return document


def _refreshed(database: Database, search: _Search, page: Page, token: VersionToken | None) -> _Answer:
    """The engine's page as the projection has it, with the customer of ``token`` in its place.

    What the index has in its present version needn't be read again: a number of each hit is all that is fetched.
    """
    asked, query, order = search.asked, search.query, search.order
    with queries.reading(database) as connection:
        versions = queries.versions(connection, asked.publisher_id, [hit.customer_id for hit in page.hits])
        changed = [hit.customer_id for hit in page.hits if versions.get(hit.customer_id) != hit.doc_version]
        wanted = changed + ([token.customer_id] if token else [])
        rows = queries.customers(connection, asked.publisher_id, wanted)
    shown = [hit for hit in page.hits if not _lags(hit, versions, token)]
    found = (_hit(query, hit, versions, rows) for hit in shown)
    hits, next_after = [hit for hit in found if hit is not None], page.next_after
    known = page.total.value - (len(page.hits) - len(hits))
    if token is not None and all(hit.customer_id != token.customer_id for hit in shown):
        newcomer = fresh_hit(query, rows.get(token.customer_id))
        if newcomer is not None and overlay.belongs(newcomer, after=search.after, next_after=next_after, order=order):
            hits, next_after = overlay.overlaid(hits, newcomer, limit=asked.limit, next_after=next_after, order=order)
            known += 1
    total = Total(known, exact=True) if page.total.exact else page.total
    return _Answer(hits=hits, total=total, next_after=next_after, took=page.took)


def _hit(query: Query, hit: Hit, versions: Mapping[str, int], rows: Mapping[str, Any]) -> FreshHit | None:
    if versions.get(hit.customer_id) == hit.doc_version:
        return hit_of(query, hit.customer_id, hit.stored)
    return fresh_hit(query, rows.get(hit.customer_id))


def _lags(hit: Hit, versions: Mapping[str, int], token: VersionToken | None) -> bool:
    """Whether ``hit`` is the customer of ``token`` as it was before: then its place may be another one now."""
    if token is None or hit.customer_id != token.customer_id:
        return False
    return versions.get(hit.customer_id, 2**63) > hit.doc_version


def _degraded(database: Database, search: _Search) -> _Answer:
    """Those who have exactly this ID or email, or a transaction with this ID. Raises SearchDegraded for anything that
    may be something else.

    An ID of ours or an email address in full that nobody has is answered: nobody. Anything else that nobody has as an
    ID might be a name.
    """
    asked, word = search.asked, search.query.only_word
    if word is None or not word.forms:
        raise SearchDegraded
    transactions = _kept_transactions(database, asked.publisher_id, word) if asks_transactions(search.query) else []
    query = Lookup(lambda _word: transactions).query(search.query)
    with queries.reading(database) as connection:
        ids = queries.holders(connection, asked.publisher_id, word.forms)
        owners = [transaction.customer_id for transaction in transactions]
        rows = queries.customers(connection, asked.publisher_id, list(dict.fromkeys((*ids, *owners))))
    found = [hit for hit in (fresh_hit(query, row) for row in rows.values()) if hit is not None]
    if not found and not any(_is_whole(form) for form in word.forms):
        raise SearchDegraded
    hits, next_after = window(found, limit=asked.limit, after=search.after, order=search.order)
    return _Answer(hits=hits, total=Total(len(found), exact=True), next_after=next_after, degraded=True)


def _is_whole(form: str) -> bool:
    """Whether it can be nothing but a whole ID of ours or an email address."""
    return is_id(form, "cus") or is_id(form, "txn") or bool(_EMAIL.match(form))


def _refuse_personal_order(asked: Asked) -> None:
    """Raises PersonalDataHidden: an order tells the values. What is only shown is masked."""
    if not asked.personal and asked.order is not None and BY_COLUMN[asked.order.column].personal:
        raise PersonalDataHidden("sort")


def _cursor_kind(asked: Asked) -> str:
    """A cursor leads on in the result of one query in one order only."""
    whole = "\0".join((asked.q, asked.filter, repr(asked.order), "" if asked.personal else "without personal data"))
    return "search:" + hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _position(kind: str, asked: Asked) -> tuple[datetime, After | None]:
    """When the list was begun, and where it goes on. Raises InvalidCursor."""
    if asked.cursor is None:
        return asked.now, None
    began, key, customer_id = decode_cursor(kind, asked.cursor, int, (int, str, type(None)), str)
    if not customer_id or len(customer_id.encode("utf-8", "surrogatepass")) > MAX_ID_BYTES:
        raise InvalidCursor
    is_score = isinstance(key, int)
    if is_score != (asked.order is None) or (is_score and not 0 <= key <= _HIGHEST_SCORE):
        raise InvalidCursor
    if isinstance(key, str) and len(key) > LONGEST_KEY:
        raise InvalidCursor
    try:
        return datetime.fromtimestamp(began / 1_000_000, UTC), (key, customer_id)
    except (OverflowError, ValueError, OSError):
        raise InvalidCursor from None
