"""The OpenSearch index of transactions: its mapping, a transaction's document in it, and how it is asked."""

from __future__ import annotations

from typing import Any

from services.search.engine.opensearch_query import Clause, scope
from services.search.matching import SCORES
from services.search.query.tree import Word
from services.search.text import MIN_KEY_PREFIX, NORMALIZER_VERSION, Kind
from services.search.transactions import TRANSACTION_ATTRIBUTES, TransactionDocument

KINDS = {Kind.KEY: "key", Kind.WHOLE: "whole", Kind.WORD: "word"}


def transactions_mapping() -> dict[str, Any]:
    """The mapping; strict. Tokens are keywords: whole ones are looked up, and read in their order by beginnings."""
    keyword = {"type": "keyword", "doc_values": False, "norms": False}
    kinds = {"properties": dict.fromkeys(KINDS.values(), keyword)}
    return {
        "dynamic": "strict",
        "_meta": {"normalizer": NORMALIZER_VERSION},
        "properties": {
            "publisher_id": {"type": "keyword"},
            "id": {"type": "keyword"},
            "customer_id": {"type": "keyword"},
            "doc_version": {"type": "long"},
            "deleted": {"type": "boolean"},
            "stored": {"type": "object", "enabled": False},
            "tokens": {"properties": {attribute.name: kinds for attribute in TRANSACTION_ATTRIBUTES}},
        },
    }


def transaction_source(entry: TransactionDocument) -> dict[str, Any]:
    """What is sent to OpenSearch for ``entry``."""
    tokens: dict[str, dict[str, list[str]]] = {}
    for name, found in entry.tokens().items():
        for token in sorted(found):
            tokens.setdefault(name, {}).setdefault(KINDS[found[token]], []).append(token)
    return {
        "publisher_id": entry.publisher_id,
        "id": entry.id,
        "customer_id": entry.customer_id,
        "doc_version": entry.doc_version,
        "deleted": entry.deleted,
        "stored": {} if entry.deleted else entry.stored,
        "tokens": tokens,
    }


def body_of(publisher_id: str, word: Word, *, limit: int) -> dict[str, Any]:
    """A search for the transactions that ``word`` finds: of each customer the best, whole ones first."""
    forms = list(word.forms)
    whole = [{"terms": {f"tokens.{name}.{kind}": forms}} for name in word.attributes for kind in KINDS.values()]
    ways: list[Clause] = [_scored(SCORES["identifier"], whole)]
    if not word.exact:
        begun = [
            {"prefix": {f"tokens.{name}.{field}": {"value": form}}}
            for name in word.attributes
            for kind, field in KINDS.items()
            for form in forms
            if kind is not Kind.KEY or len(form) >= MIN_KEY_PREFIX
        ]
        ways += [_scored(SCORES["prefix"], begun)] if begun else []
    return {
        "query": scope(publisher_id, {"dis_max": {"queries": ways}}),
        "collapse": {"field": "customer_id"},
        "sort": [{"_score": "desc"}, {"id": "desc"}],
        "size": limit,
        "track_total_hits": False,
        "_source": ["id", "customer_id", "stored"],
    }


def _scored(score: int, clauses: list[Clause]) -> Clause:
    return {"constant_score": {"filter": {"bool": {"should": clauses, "minimum_should_match": 1}}, "boost": score}}
