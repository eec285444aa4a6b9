"""Suggestions while somebody types: customers, values to narrow by, and fields of the query language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from servicekit.db.database import Database
from services.search.engine.port import Engine
from services.search.finding import Asked, find_customers
from services.search.overlay import Waiting
from services.search.query.errors import InvalidQuery
from services.search.query.fields import FIELD_NAMES

LOOKED_AT = 50
"""Hits that values are taken from."""
MOST_CUSTOMERS = 5
MOST_FIELDS = 3
_SHARED = ("city", "state", "country", "company", "street", "postal_code", "last_name", "first_name", "currency")
"""Attributes whose values several customers may have, so that one of them narrows."""
_LAST_WORD = re.compile(r"(?:^|(?<=[\s,]))(-?)([^\s,]+)$")


def suggest(database: Database, engine: Engine, waiting: Waiting, asked: Asked) -> list[dict[str, Any]]:
    """At most ``asked.limit`` suggestions for ``asked.q``, ready for JSON (``Suggestion``); none for nothing typed.

    What isn't a query yet (an open quote, a colon with nothing behind it) gets only names of fields. Raises
    QueryTooLong, SearchDegraded.
    """
    if not asked.q.strip():
        return []
    fields = list(_fields(asked.q))
    try:
        page = find_customers(database, engine, waiting, replace(asked, limit=LOOKED_AT)).page
    except InvalidQuery:
        return fields[: asked.limit]
    customers = [_customer(item) for item in page["items"][:MOST_CUSTOMERS]]
    values = list(_values(asked.q, page["items"]))
    # Customers first; values and fields fill up, but never less than half of what there is room for.
    room = max(asked.limit - len(values) - len(fields), asked.limit // 2)
    return [*customers[:room], *values, *fields][: asked.limit]


def _customer(item: Mapping[str, Any]) -> dict[str, Any]:
    name = " ".join(filter(None, (item["first_name"], item["last_name"])))
    reason = next(iter(item["matched"]), None)
    return {
        "kind": "customer",
        "text": name or item["company"] or item["email"] or item["id"],
        "customer_id": item["id"],
        "attribute": reason["attribute"] if reason else None,
        "value": reason["value"] if reason else None,
    }


def _values(typed: str, items: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Whole values that the last word begins, most common first; ``q`` is what is typed with the value in its place."""
    last = _LAST_WORD.search(typed)
    if last is None or last[1] or ":" in last[2] or '"' in typed:
        return
    begun = last[2].casefold()
    reasons = Counter(
        (reason["attribute"], reason["value"])
        for item in items
        for reason in item["matched"]
        if reason["attribute"] in _SHARED and reason["how"] in ("word", "prefix")
    )
    for (attribute, value), count in reasons.most_common():
        # Others matched another word of the query, or in another spelling: not what is being typed.
        if begun in value.casefold() and '"' not in value and count > 1:
            narrowed = f'{typed[: last.start()]}{attribute}:"{value}"'
            yield {"kind": "value", "text": value, "attribute": attribute, "value": value, "q": narrowed}


def _fields(typed: str) -> Iterator[dict[str, Any]]:
    last = _LAST_WORD.search(typed)
    if last is None or len(last[2]) < 2:
        return
    found = [name for name in FIELD_NAMES if name.startswith(last[2].lower())]
    for name in found[:MOST_FIELDS]:
        yield {"kind": "field", "text": f"{name}:", "q": f"{typed[: last.start(2)]}{name}:"}
