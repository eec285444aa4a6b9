"""The SQL of a search in the PostgreSQL index. What was typed is only ever a bound parameter.

Every search reads words through ``vocabulary``, which is one publisher's words and nothing else: postings belong to a
word, so no posting of another publisher can be reached. ``scope`` is the one place that makes it.
"""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.search.documents import ATTRIBUTES, BY_NAME
from services.search.engine.port import EXACT_TOTAL, After, required
from services.search.matching import SCORES
from services.search.query.tree import Word
from services.search.text import MIN_KEY_PREFIX, Kind
from services.search.typos import deletion_keys, forgiven

FEW = 2_000
"""Rows up to which the rarest word's customers are looked up one by one for the other words."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text and its parameters."""

    sql: str
    parameters: Mapping[str, Any]


def scope(publisher_id: str) -> Statement:
    """What limits a search to one publisher; begins every statement. Raises ``MissingPublisher``."""
    sql = """WITH
        vocabulary AS NOT MATERIALIZED (
            SELECT number, word FROM search_word WHERE publisher_id = :publisher),
        documents AS NOT MATERIALIZED (
            SELECT customer_id, doc_version, deleted, words, stored
            FROM search_document WHERE publisher_id = :publisher)
        """
    return Statement(sql, {"publisher": required(publisher_id)})


def typo_candidates(scoped: Statement, words: Sequence[Word]) -> Statement | None:
    """Words of the vocabulary that may be within the allowed typos of ``words``; ``None`` when none may have any."""
    forms = [pair for word in words for pair in forgiven(word.forms)]
    keys = {key for form, typos in forms for key in deletion_keys(form, typos)}
    if not keys:
        return None
    lengths = [len(form) + sign * typos for form, typos in forms for sign in (-1, 1)]
    sql = f"""{scoped.sql}
        SELECT v.number, v.word FROM search_typo t JOIN vocabulary v ON v.number = t.word
        WHERE t.keys && CAST(:keys AS bigint[]) AND char_length(v.word) BETWEEN :shortest AND :longest
    """
    limits = {"keys": sorted(keys), "shortest": min(lengths), "longest": max(lengths)}
    return Statement(sql, {**scoped.parameters, **limits})


class WordSql:
    """The parts of SQL for one word of the query; ``typos`` are the numbers of the words near it."""

    def __init__(self, index: int, word: Word, typos: Sequence[int]) -> None:
        self.parameters: dict[str, Any] = {f"forms{index}": list(word.forms)}
        self._index = index
        self._ranges = [self._range(place, form) for place, form in enumerate(word.forms)]
        self._typos = self._typo_condition(typos)
        self._attribute = ""
        if word.attribute is not None:
            self._attribute = f" AND p.attribute = :attribute{index}"
            self.parameters[f"attribute{index}"] = BY_NAME[word.attribute].number

    @property
    def rows(self) -> str:
        """A select of ``customer_id, score``, one row for each posting that matches."""
        parts = [f"{self._select} WHERE {condition}{self._attribute}" for condition in self._ranges]
        if self._typos:
            parts.append(f"{self._select} WHERE {self._typos}{self._attribute}")
        return " UNION ALL ".join(parts)

    @property
    def condition(self) -> str:
        """Whether the posting ``p`` of the word ``v`` matches."""
        return f"({' OR '.join(filter(None, [*self._ranges, self._typos]))}){self._attribute}"

    @property
    def score(self) -> str:
        """The score of the posting ``p`` of the word ``v``, given that it matches."""
        begins = " OR ".join(self._ranges)
        return f"""CASE
            WHEN v.word = ANY(:forms{self._index}) AND p.kind <= {int(Kind.WHOLE)} THEN {SCORES["identifier"]}
            WHEN v.word = ANY(:forms{self._index}) AND p.kind = {int(Kind.WORD)} THEN {SCORES["word"]}
            WHEN {begins} THEN {SCORES["prefix"]}
            ELSE {SCORES["typo"]} END"""

    @property
    def _select(self) -> str:
        return (
            f"SELECT p.customer_id, {self.score} AS score FROM vocabulary v JOIN search_posting p ON p.word = v.number"
        )

    def _range(self, place: int, form: str) -> str:
        """The words that begin with ``form``, as a range of the index."""
        first, behind = f"first{self._index}_{place}", f"behind{self._index}_{place}"
        self.parameters[first] = form
        condition = f"v.word >= :{first}"
        if end := behind_prefix(form):
            self.parameters[behind] = end
            condition += f" AND v.word < :{behind}"
        if len(form) < MIN_KEY_PREFIX:
            condition += f" AND (p.kind <> {int(Kind.KEY)} OR v.word = :{first})"
        return f"({condition})"

    def _typo_condition(self, typos: Sequence[int]) -> str:
        if not typos:
            return ""
        self.parameters[f"typos{self._index}"] = list(typos)
        fuzzy = ", ".join(str(attribute.number) for attribute in ATTRIBUTES if attribute.fuzzy)
        return f"(v.number = ANY(:typos{self._index}) AND p.kind = {int(Kind.WORD)} AND p.attribute IN ({fuzzy}))"


def behind_prefix(prefix: str) -> str:
    """The smallest text behind all that begin with ``prefix``, in code point order; empty when there is none."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return ""
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)


def postings_of(scoped: Statement, words: Sequence[WordSql]) -> Statement:
    """How many postings each word has, up to one more than ``FEW``, as one row."""
    counts = ", ".join(f"(SELECT count(*) FROM (SELECT FROM ({word.rows}) r LIMIT {FEW + 1}) c)" for word in words)
    return Statement(f"{scoped.sql} SELECT {counts}", _parameters(scoped, words))


def page_of(scoped: Statement, matches: str, words: Sequence[WordSql], limit: int, after: After | None) -> Statement:
    """``total, customer_id, score, doc_version, stored``: a row for each hit, or one with only the total."""
    behind = "WHERE (score, customer_id) < (:after_score, :after_id)" if after else ""
    sql = f"""{scoped.sql}, matches AS ({matches}),
        page AS (SELECT customer_id, score FROM matches {behind}
            ORDER BY score DESC, customer_id DESC LIMIT :limit)
        SELECT t.total, h.* FROM (SELECT count(*) AS total FROM (SELECT FROM matches LIMIT {EXACT_TOTAL + 1}) m) t
        LEFT JOIN (SELECT d.customer_id, page.score, d.doc_version, d.stored
            FROM page JOIN documents d ON d.customer_id = page.customer_id AND NOT d.deleted) h ON true
        ORDER BY h.score DESC, h.customer_id DESC
    """
    position = {"after_score": after[0], "after_id": after[1]} if after else {}
    return Statement(sql, {**_parameters(scoped, words), **position, "limit": limit})


def everybody() -> str:
    """Matches of the empty query."""
    return "SELECT customer_id, 0 AS score FROM documents WHERE NOT deleted"


def intersection(words: Sequence[WordSql]) -> str:
    """Matches by each word's customers, all read and joined: for words that many customers have."""
    groups = [f"(SELECT customer_id, max(score) AS score FROM ({word.rows}) r GROUP BY 1) g{index}"
              for index, word in enumerate(words)]  # fmt: skip
    total = " + ".join(f"g{index}.score" for index in range(len(words)))
    joined = groups[0] + "".join(f" JOIN {group} USING (customer_id)" for group in groups[1:])
    return f"SELECT customer_id, {total} AS score FROM {joined}"


def from_rarest(rarest: WordSql, others: Sequence[WordSql]) -> str:
    """Matches by the rarest word's customers, whose own words are then compared with the other words."""
    total = " + ".join(["r.score", *(f"o{index}.score" for index in range(len(others)))])
    checks = "".join(
        f""" CROSS JOIN LATERAL (SELECT max({word.score}) AS score FROM unnest(d.words) AS n (number)
            JOIN vocabulary v ON v.number = n.number
            JOIN search_posting p ON p.word = n.number AND p.customer_id = d.customer_id
            WHERE {word.condition}) o{index}"""
        for index, word in enumerate(others)
    )
    present = " AND ".join(f"o{index}.score IS NOT NULL" for index in range(len(others)))
    return f"""SELECT r.customer_id, {total} AS score
        FROM (SELECT customer_id, max(score) AS score FROM ({rarest.rows}) r GROUP BY 1) r
        JOIN documents d ON d.customer_id = r.customer_id{checks} WHERE {present}"""


def _parameters(scoped: Statement, words: Sequence[WordSql]) -> dict[str, Any]:
    return {**scoped.parameters, **{name: value for word in words for name, value in word.parameters.items()}}
