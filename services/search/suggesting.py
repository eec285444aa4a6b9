"""Suggestions while somebody types: customers, values to narrow by, and fields of the query language."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from servicekit.db.database import Database
from servicekit.errors import PersonalDataHidden
from services.search.engine.port import Engine
from services.search.errors import SearchTooBroad
from services.search.finding import Asked, find_customers
from services.search.overlay import Waiting
from services.search.places import street_tokens
from services.search.query import codes
from services.search.query.errors import InvalidQuery, QueryTooLong
from services.search.query.fields import FIELD_NAMES, FIELDS, NOT_TELLING
from services.search.text import query_forms, squeezed

LOOKED_AT = 50
"""Hits that values are taken from."""
MOST_CUSTOMERS = 5
MOST_FIELDS = 3
MOST_NAMES = 2
SHORTEST_NAME = 4
"""Letters of a country's or currency's name from which it is suggested."""
NAMES_SECONDS = 0.5
"""How long after the beginning names are still looked up: each is a search of its own."""
_SHARED = ("city", "state", "country", "company", "street", "postal_code", "last_name", "first_name", "currency")
"""Attributes whose values several customers may have, so that one of them narrows."""
_LAST_WORDS = re.compile(r"(?:^|(?<=[\s,]))(?=((?:[^\s,\"]+ ){0,3}[^\s,\"]+$))")
"""From each of the last four words to the end."""
_LAST_WORD = re.compile(r"(?:^|(?<=[\s,]))(-?)([^\s,]+)$")


def suggest(database: Database, engine: Engine, waiting: Waiting, asked: Asked) -> list[dict[str, Any]]:
    """At most ``asked.limit`` suggestions for ``asked.q``, ready for JSON (``Suggestion``); none for nothing typed.

    What isn't a query yet (an open quote, a colon with nothing behind it), too broad a one, and one by personal data
    for somebody who doesn't see it get only names. Raises QueryTooLong, SearchDegraded.
    """
    if not asked.q.strip():
        return []
    until = time.monotonic() + NAMES_SECONDS
    fields = list(_fields(asked.q, FIELD_NAMES if asked.personal else NOT_TELLING))
    try:
        page = find_customers(database, engine, waiting, replace(asked, limit=LOOKED_AT)).page
    except (InvalidQuery, SearchTooBroad, PersonalDataHidden):
        return [*_named(database, engine, waiting, asked, until), *fields][: asked.limit]
    customers = [_customer(item, asked.personal) for item in page["items"][:MOST_CUSTOMERS]]
    values = [*_values(asked.q, page["items"]), *_named(database, engine, waiting, asked, until)]
    # Customers first; values and fields fill up, but never less than half of what there is room for.
    room = max(asked.limit - len(values) - len(fields), asked.limit // 2)
    return [*customers[:room], *values, *fields][: asked.limit]


def _customer(item: Mapping[str, Any], personal: bool) -> dict[str, Any]:
    name = " ".join(filter(None, (item["first_name"], item["last_name"])))
    reason = next(iter(item["matched"]), None)
    return {
        "kind": "customer",
        "text": (personal and (name or item["company"] or item["email"])) or item["id"],
        "customer_id": item["id"],
        "attribute": reason["attribute"] if reason else None,
        "value": reason["value"] if reason else None,
    }


def _values(typed: str, items: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Whole values that the last word begins, most common first; ``q`` is what is typed with the value in its place."""
    last = _LAST_WORD.search(typed)
    if last is None or last[1] or '"' in typed:
        return
    name, _, begun = last[2].rpartition(":")
    attributes = FIELDS[name.lower()].attributes if name.lower() in FIELDS else _SHARED
    reasons = Counter(
        (reason["attribute"], reason["value"])
        for item in items
        for reason in item["matched"]
        if reason["attribute"] in _SHARED and reason["attribute"] in attributes and reason["how"] in ("word", "prefix")
    )
    for (attribute, value), count in reasons.most_common():
        # Others matched another word of the query: not what is being typed.
        if count > 1 and '"' not in value and _begins(value, begun):
            narrowed = f'{typed[: last.start()]}{attribute}:"{value}"'
            yield {"kind": "value", "text": value, "attribute": attribute, "value": value, "q": narrowed}


def _begins(value: str, typed: str) -> bool:
    """Whether a word of ``value`` begins as typed, in the spelling of the search: ``muel`` begins Müller."""
    forms = tuple(map(squeezed, query_forms(typed)))
    return any(token.startswith(forms) for token in street_tokens(value)) if forms else False


def _named(
    database: Database, engine: Engine, waiting: Waiting, asked: Asked, until: float
) -> Iterator[dict[str, Any]]:
    """Countries and currencies of somebody, of whose names the last words are the beginning."""
    for begun in _LAST_WORDS.finditer(asked.q):
        kind, _, typed = begun[1].rpartition(":")
        if typed.startswith("-"):
            continue
        for field, names in (("country", codes.countries()), ("currency", codes.currencies())):
            if kind.lower() not in ("", field) or (not kind and typed.isascii() and len(typed) < SHORTEST_NAME):
                continue
            for code, name in names.begun(typed)[:MOST_NAMES]:
                if time.monotonic() > until:
                    return
                narrowed = f"{asked.q[: begun.start()]}{field}:{code.upper()}"
                if _finds_somebody(database, engine, waiting, replace(asked, q=narrowed, limit=1)):
                    yield {"kind": "value", "text": name, "attribute": field, "value": code.upper(), "q": narrowed}


def _finds_somebody(database: Database, engine: Engine, waiting: Waiting, asked: Asked) -> bool:
    try:
        return bool(find_customers(database, engine, waiting, asked).page["items"])
    except (InvalidQuery, QueryTooLong, SearchTooBroad, PersonalDataHidden):
        return False


def _fields(typed: str, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    last = _LAST_WORD.search(typed)
    if last is None or len(last[2]) < 2:
        return
    found = [name for name in names if name.startswith(last[2].lower())]
    for name in found[:MOST_FIELDS]:
        yield {"kind": "field", "text": f"{name}:", "q": f"{typed[: last.start(2)]}{name}:"}
