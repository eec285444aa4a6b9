"""The query sent to OpenSearch. What was typed only ever stands as the value of a term, prefix or fuzzy query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.search.columns import BY_COLUMN, Order, number_of
from services.search.documents import BY_NAME
from services.search.engine.port import required
from services.search.matching import NAMED_SCORES, SCORES
from services.search.query.tree import (
    Bought,
    Either,
    Every,
    Filled,
    Known,
    Node,
    Not,
    Query,
    Range,
    Reason,
    Within,
    Word,
)
from services.search.text import MIN_KEY_PREFIX

Clause = dict[str, Any]
_BEST_FIRST: list[Clause] = [{"_score": "desc"}, {"customer_id": "desc"}]


def scope(publisher_id: str, *clauses: Clause, deleted: bool | None = False) -> Clause:
    """The query for what fulfills all ``clauses`` among one publisher's documents: the one place that limits it.

    Tombstones are left out unless ``deleted`` is ``True`` (only those) or ``None`` (both). Raises
    ``MissingPublisher``.
    """
    limits: list[Clause] = [{"term": {"publisher_id": required(publisher_id)}}]
    if deleted is not None:
        limits.append({"term": {"deleted": deleted}})
    return {"bool": {"filter": limits, "must": list(clauses)}}


def query_of(publisher_id: str, query: Query) -> Clause:
    """A search: all of it must match; each word adds the score of its best way."""
    return scope(publisher_id, *map(_clause, query.nodes))


def sort_of(order: Order | None) -> list[Clause]:
    """Best first, or by the keys of a column with empty ones last."""
    if order is None:
        return _BEST_FIRST
    direction = "desc" if order.descending else "asc"
    return [
        {f"keys.{order.column}": {"order": direction, "missing": "_last", "unmapped_type": "keyword"}},
        {"customer_id": direction},
    ]


def _clause(node: Node) -> Clause:
    match node:
        case Word():
            return _word(node)
        case Every(nodes):
            return {"bool": {"must": list(map(_clause, nodes))}}
        case Either(nodes):
            return {"dis_max": {"queries": list(map(_clause, nodes))}}
        case Not(inner):
            return _without_score({"bool": {"must_not": [_clause(inner)]}})
        case Within(inner):
            return _without_score(_clause(inner))
        case Bought():
            return {"match_none": {}}
        case Known(reasons):
            return _known(reasons)
        case Filled(column):
            return _without_score({"exists": {"field": f"keys.{column}"}})
        case Range():
            return _without_score({"range": _range(node)})


def _known(reasons: Sequence[Reason]) -> Clause:
    ways: dict[int, set[str]] = {}
    for reason in reasons:
        ways.setdefault(SCORES[reason.how], set()).add(reason.customer_id)
    clauses = [_scored(score, [{"terms": {"customer_id": sorted(ids)}}]) for score, ids in ways.items()]
    return {"dis_max": {"queries": clauses}} if clauses else {"match_none": {}}


def _range(node: Range) -> Clause:
    column = BY_COLUMN[node.column]
    keys = {name: key for name, key in (("gte", node.low), ("lt", node.high)) if key is not None}
    if column.is_text:
        return {f"keys.{column.name}": keys}
    return {f"numbers.{column.name}": {name: number_of(column, key) for name, key in keys.items()}}


def _word(word: Word) -> Clause:
    if not word.forms:
        return {"match_none": {}}
    forms = list(word.forms)
    if word.names:
        fields = [f"tokens.{attribute}.exact" for attribute in word.attributes]
        return _scored(NAMED_SCORES[word.names], [{"terms": {field: forms}} for field in fields])
    ways = [
        _scored(SCORES["identifier"], [{"terms": {field: forms}} for field in _fields(word, "key", "whole")]),
        _scored(SCORES["word"], [{"terms": {field: forms}} for field in _fields(word, "word", "exact")]),
    ]
    if not word.exact:
        ways.append(_scored(SCORES["prefix"], [clause for form in forms for clause in _prefixes(form, word)]))
        if fuzzy := [_fuzzy(field, form, limit) for field in _fuzzy_fields(word) for form, limit in word.misspelled]:
            ways.append(_scored(SCORES["typo"], fuzzy))
    return {"dis_max": {"queries": ways}}


def _fields(word: Word, *kinds: str) -> list[str]:
    if not word.attributes:  # where codes are among the words
        return [f"any.{kind}" for kind in kinds if kind != "exact"]
    return [f"tokens.{attribute}.{kind}" for attribute in word.attributes for kind in kinds]


def _fuzzy_fields(word: Word) -> list[str]:
    if not word.attributes:
        return ["any.fuzzy"]
    return [f"tokens.{attribute}.word" for attribute in word.attributes if BY_NAME[attribute].fuzzy]


def _prefixes(form: str, word: Word) -> list[Clause]:
    names = _fields(word, "whole", "word", "part") if word.attributes else ["any.start"]
    if len(form) >= MIN_KEY_PREFIX:
        names += _fields(word, "key")
    return [{"prefix": {name: {"value": form}}} for name in names]


def _fuzzy(field: str, form: str, typos: int) -> Clause:
    # The thousand nearest words of all publishers together (OpenSearch takes 1,024 at most; by itself it would take
    # 50). Taking all instead builds its automata anew for each segment: three times slower.
    options = {"fuzziness": typos, "prefix_length": 0, "transpositions": True, "rewrite": "top_terms_boost_1000"}
    return {"fuzzy": {field: {"value": form, **options}}}


def _scored(score: int, clauses: list[Clause]) -> Clause:
    inner = clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}
    return {"constant_score": {"filter": inner, "boost": score}}


def _without_score(clause: Clause) -> Clause:
    return {"constant_score": {"filter": clause, "boost": 0}}
