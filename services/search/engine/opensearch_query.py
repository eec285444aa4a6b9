"""The query sent to OpenSearch. What was typed only ever stands as the value of a term, prefix or fuzzy query."""

from __future__ import annotations

from typing import Any

from services.search.documents import BY_NAME
from services.search.engine.port import required
from services.search.matching import SCORES, How
from services.search.query.tree import Query, Word
from services.search.text import MIN_KEY_PREFIX
from services.search.typos import forgiven

Clause = dict[str, Any]


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
    """A search: every word must match, and adds the score of its best way."""
    return scope(publisher_id, *(_word(word) for word in query.words))


def _word(word: Word) -> Clause:
    if not word.forms:
        return {"match_none": {}}
    forms = list(word.forms)
    in_any = word.attribute is None
    fields = _fields(word)
    ways: list[Clause] = [
        _scored("identifier", [{"terms": {field: forms}} for field in (fields["key"], fields["whole"])]),
        _scored("word", [{"terms": {fields["word"]: forms}}]),
        _scored("prefix", [clause for form in forms for clause in _prefixes(form, fields, in_any=in_any)]),
    ]
    typos = forgiven(forms)
    if fields["fuzzy"] and typos:
        ways.append(_scored("typo", [_fuzzy(fields["fuzzy"], form, limit) for form, limit in typos]))
    return {"dis_max": {"queries": ways}}


def _fields(word: Word) -> dict[str, str]:
    if word.attribute is None:
        return {kind: f"any.{kind}" for kind in ("key", "whole", "word", "start", "fuzzy")}
    fields = {kind: f"tokens.{word.attribute}.{kind}" for kind in ("key", "whole", "word", "part")}
    return {**fields, "fuzzy": fields["word"] if BY_NAME[word.attribute].fuzzy else ""}


def _prefixes(form: str, fields: dict[str, str], *, in_any: bool) -> list[Clause]:
    names = [fields["start"]] if in_any else [fields["whole"], fields["word"], fields["part"]]
    if len(form) >= MIN_KEY_PREFIX:
        names.append(fields["key"])
    return [{"prefix": {name: {"value": form}}} for name in names]


def _fuzzy(field: str, form: str, typos: int) -> Clause:
    # With this rewrite all terms in reach count; the default takes the 50 nearest of all publishers together.
    options = {"fuzziness": typos, "prefix_length": 0, "transpositions": True, "rewrite": "constant_score"}
    return {"fuzzy": {field: {"value": form, **options}}}


def _scored(how: How, clauses: list[Clause]) -> Clause:
    inner = clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}
    return {"constant_score": {"filter": inner, "boost": SCORES[how]}}
