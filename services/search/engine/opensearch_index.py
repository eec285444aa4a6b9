"""The OpenSearch index of customers: its settings and mapping, and a customer's document in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.search.columns import BY_COLUMN, COLUMNS, number_of
from services.search.documents import ATTRIBUTES, Attribute, CustomerDocument
from services.search.text import NORMALIZER_VERSION, Kind, Tokens

KIND_FIELDS = {Kind.KEY: "key", Kind.WHOLE: "whole", Kind.WORD: "word", Kind.PART: "part", Kind.EXACT: "exact"}
LONGEST_PREFIX = 19
"""Characters of the beginnings kept as terms (the most that OpenSearch allows); longer ones scan the terms."""

# ``any.*`` hold the tokens of all attributes; what is found in which way.
_ANY: dict[Kind, tuple[str, ...]] = {
    Kind.KEY: ("any.key",),
    Kind.WHOLE: ("any.whole", "any.start"),
    Kind.WORD: ("any.word", "any.start"),
    Kind.PART: ("any.start",),
    Kind.EXACT: ("any.word",),
}


def index_body(mappings: Mapping[str, Any], *, shards: int, replicas: int) -> dict[str, Any]:
    """Settings and mapping of a new index. The mapping is strict: a field it doesn't know is an error."""
    return {
        "settings": {
            "number_of_shards": shards,
            "number_of_replicas": replicas,
            # Explicitly: by default shards that nobody searches for a while stop refreshing.
            "refresh_interval": "200ms",
        },
        "mappings": mappings,
    }


def mapping() -> dict[str, Any]:
    """The mapping; also applied to an index that is there, to which it may only add.

    ``_meta`` says what an index was made with: where the mapping changes otherwise, ``NORMALIZER_VERSION`` goes up.
    """
    return {
        "dynamic": "strict",
        "_meta": {"normalizer": NORMALIZER_VERSION},
        "properties": {
            "publisher_id": {"type": "keyword"},
            "customer_id": {"type": "keyword"},
            "doc_version": {"type": "long"},
            "deleted": {"type": "boolean"},
            "stored": {"type": "object", "enabled": False},
            "any": {
                "properties": {
                    "key": _token_field(),
                    "whole": _token_field(),
                    "word": _token_field(),
                    "fuzzy": _token_field(),
                    "start": {**_token_field(), "index_prefixes": {"min_chars": 1, "max_chars": LONGEST_PREFIX}},
                }
            },
            "keys": {"properties": {column.name: {"type": "keyword"} for column in COLUMNS}},
            # Ranges of numbers are looked up by blocks; of texts, each one in the range would be.
            "numbers": {"properties": {column.name: {"type": "long"} for column in COLUMNS if not column.is_text}},
            "tokens": {"properties": {attribute.name: _attribute_fields(attribute) for attribute in ATTRIBUTES}},
        },
    }


def _token_field() -> dict[str, Any]:
    """Tokens come ready-made, each an item of a list: nothing is split, nothing scored."""
    return {"type": "text", "analyzer": "keyword", "index_options": "docs", "norms": False}


def _attribute_fields(attribute: Attribute) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for kind, name in KIND_FIELDS.items():
        targets = [] if attribute.scoped else list(_ANY[kind])
        if kind is Kind.WORD and attribute.fuzzy:
            targets.append("any.fuzzy")
        fields[name] = {**_token_field(), **({"copy_to": targets} if targets else {})}
    return {"properties": fields}


def document_id(publisher_id: str, identifier: str) -> str:
    """The ``_id`` of a document."""
    # The length keeps apart what would be one text put together ("a/b" + "c", "a" + "b/c").
    return f"{len(publisher_id)}/{publisher_id}/{identifier}"


def source_of(entry: CustomerDocument) -> dict[str, Any]:
    """What is sent to OpenSearch for ``entry``. A tombstone is a document too: OpenSearch forgets the versions of
    those it deletes after a minute (``index.gc_deletes``), and would then take an older write in again."""
    return {
        "publisher_id": entry.publisher_id,
        "customer_id": entry.customer_id,
        "doc_version": entry.doc_version,
        "deleted": entry.deleted,
        "stored": {} if entry.deleted else entry.stored,
        "keys": {} if entry.deleted else entry.keys,
        "numbers": {} if entry.deleted else _numbers(entry.keys),
        "tokens": {} if entry.deleted else {name: _by_kind(tokens) for name, tokens in entry.tokens().items()},
    }


def _numbers(keys: Mapping[str, str]) -> dict[str, int]:
    return {name: number_of(BY_COLUMN[name], key) for name, key in keys.items() if not BY_COLUMN[name].is_text}


def _by_kind(tokens: Tokens) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for token in sorted(tokens):
        lists.setdefault(KIND_FIELDS[tokens[token]], []).append(token)
    return lists


def tokens_of(source: Mapping[str, Any]) -> dict[str, Tokens]:
    """The tokens in a document read back."""
    kinds = {name: kind for kind, name in KIND_FIELDS.items()}
    return {
        attribute: {token: kinds[name] for name, tokens in lists.items() for token in tokens}
        for attribute, lists in source["tokens"].items()
    }
