"""The statements of a search in the PostgreSQL index. What was typed is only ever a bound parameter.

Every search finds words in ``vocabulary``, which is one publisher's words and nothing else: postings belong to a word,
so no posting of another publisher can be reached. ``scope`` is the one place that makes it.
"""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.search.engine.port import EXACT_TOTAL, After, required
from services.search.engine.postgres_words import MANY, Vocabulary, WordSql, range_condition
from services.search.query.tree import Word
from services.search.typos import deletion_keys, forgiven

FEW = 1_000
"""Postings of a word up to which they are counted; more are taken as ``UNCOUNTED``."""
UNCOUNTED = 30_000


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


def look_up(scoped: Statement, words: Sequence[Word]) -> Statement:
    """``word, form, number, text``: the words of the vocabulary that begin with each form of each word, at most one
    more than ``MANY`` of each; and with ``word`` -1 those that may be within the typos that are forgiven."""
    parameters: dict[str, Any] = dict(scoped.parameters)
    selects: list[str] = []
    for index, word in enumerate(words):
        for place, form in enumerate(word.forms):
            condition = range_condition(f"{index}_{place}", form, parameters)
            selects.append(
                f"(SELECT {index}, {place}, v.number, v.word FROM vocabulary v WHERE {condition} LIMIT {MANY + 1})"
            )
    forms = [pair for word in words for pair in forgiven(word.forms)]
    if forms:
        parameters["keys"] = sorted({key for form, typos in forms for key in deletion_keys(form, typos)})
        parameters["shortest"] = min(len(form) - typos for form, typos in forms)
        parameters["longest"] = max(len(form) + typos for form, typos in forms)
        selects.append("""(SELECT -1, -1, v.number, v.word FROM search_typo t JOIN vocabulary v ON v.number = t.word
            WHERE t.keys && CAST(:keys AS bigint[]) AND char_length(v.word) BETWEEN :shortest AND :longest)""")
    return Statement(f"{scoped.sql} {' UNION ALL '.join(selects)}", parameters)


def vocabulary(rows: Iterable[Sequence[Any]]) -> Vocabulary:
    """What ``look_up`` found."""
    begins: dict[tuple[int, int], dict[int, str]] = {}
    for index, place, number, text in rows:
        begins.setdefault((index, place), {})[number] = text
    return Vocabulary(begins, begins.pop((-1, -1), {}))


def posting_counts(scoped: Statement, words: Sequence[WordSql]) -> Statement:
    """How many postings each word has, up to one more than ``FEW``, as one row."""
    counts = ", ".join(f"(SELECT count(*) FROM (SELECT FROM ({word.rows}) m LIMIT {FEW + 1}) c)" for word in words)
    return Statement(f"{scoped.sql} SELECT {counts}", _parameters(scoped, words))


def page_of(scoped: Statement, words: Sequence[WordSql], matches: str, limit: int, after: After | None) -> Statement:
    """``total, customer_id, score, doc_version, stored``: a row for each hit, or one with only the total.

    ``matches`` is a select of ``customer_id, score``.
    """
    behind = "WHERE (score, customer_id) < (:after_score, :after_id)" if after else ""
    sql = f"""{scoped.sql}, matches AS ({matches}),
        page AS (SELECT customer_id, score FROM matches {behind}
            ORDER BY score DESC, customer_id DESC LIMIT :limit)
        {_PAGE}"""
    position = {"after_score": after[0], "after_id": after[1]} if after else {}
    return Statement(sql, {**_parameters(scoped, words), **position, "limit": limit})


_PAGE = f"""SELECT t.total, h.* FROM (SELECT count(*) AS total FROM (SELECT FROM matches LIMIT {EXACT_TOTAL + 1}) m) t
        LEFT JOIN (SELECT d.customer_id, page.score, d.doc_version, d.stored
            FROM page JOIN documents d ON d.customer_id = page.customer_id AND NOT d.deleted) h ON true
        ORDER BY h.score DESC, h.customer_id DESC"""


def everybody(scoped: Statement, limit: int, after: After | None) -> Statement:
    """As ``page_of`` for the empty query: in the order of the index, which it need not read to its end."""
    behind = "AND (0, customer_id) < (:after_score, :after_id)" if after else ""
    if after and after[0] == 0:
        behind = "AND customer_id < :after_id"
    sql = f"""{scoped.sql}, matches AS NOT MATERIALIZED (SELECT customer_id FROM documents WHERE NOT deleted),
        page AS (SELECT customer_id, 0 AS score FROM matches WHERE true {behind} ORDER BY customer_id DESC LIMIT :limit)
        {_PAGE}"""
    position = {"after_score": after[0], "after_id": after[1]} if after else {}
    return Statement(sql, {**scoped.parameters, **position, "limit": limit})


def matches_of(words: Sequence[WordSql], counts: Sequence[int]) -> str:
    """Who matches all ``words``, beginning with the rarest.

    For each other word either all its postings are read and joined, or each customer found so far is looked up in it,
    whichever touches fewer postings. ``counts`` are those of ``posting_counts``.
    """
    order = sorted(range(len(words)), key=lambda index: counts[index])
    rarest, others = order[0], order[1:]
    joins, present, scores = "", "", ["r.score"]
    for index in others:
        scores.append(f"o{index}.score")
        if one_by_one(counts[rarest], counts[index], words[index].width):
            joins += f" CROSS JOIN LATERAL ({words[index].score_of_one}) o{index}"
            present += f"{' AND' if present else ' WHERE'} o{index}.score IS NOT NULL"
        else:
            joins += f" JOIN ({_best(words[index])}) o{index} ON o{index}.customer_id = r.customer_id"
    return f"SELECT r.customer_id, {' + '.join(scores)} AS score FROM ({_best(words[rarest])}) r{joins}{present}"


def one_by_one(customers: int, postings: int, width: int) -> bool:
    """Whether looking so many customers up in a word, at ``width`` look-ups each, beats reading its postings."""
    return customers <= FEW and customers * width < (postings if postings <= FEW else UNCOUNTED)


def _best(word: WordSql) -> str:
    return f"SELECT customer_id, max(score) AS score FROM ({word.rows}) m GROUP BY customer_id"


def _parameters(scoped: Statement, words: Sequence[WordSql]) -> dict[str, Any]:
    return {**scoped.parameters, **{name: value for word in words for name, value in word.parameters.items()}}
