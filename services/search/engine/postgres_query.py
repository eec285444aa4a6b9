"""The statements of a search in the PostgreSQL index. What was typed is only ever a bound parameter.

Every search finds words in ``vocabulary``, which is one publisher's words and nothing else: postings belong to a word,
so no posting of another publisher can be reached. ``scope`` is the one place that makes it.
"""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.search.columns import Order
from services.search.engine.port import EXACT_TOTAL, After, required
from services.search.engine.postgres_nodes import NodeSql, WordSql, key_sql, matches_of
from services.search.engine.postgres_tables import KEY_MARK
from services.search.engine.postgres_words import MANY, Vocabulary, key_condition, range_condition
from services.search.query.tree import Word
from services.search.typos import deletion_keys


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text and its parameters."""

    sql: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a page shows: those who match all ``nodes``, without any everybody; ``conditions`` narrow both.

    ``conditions`` are asked of the document ``d``; ``parameters`` are those of both. ``in_range_of``: without nodes, a
    column with an index, of which one of the conditions is a range.
    """

    nodes: Sequence[NodeSql] = ()
    conditions: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    in_range_of: str | None = None


# One by one: the planner doesn't know how many there will be.
_DOCUMENT = "SELECT * FROM documents WHERE customer_id = {}.customer_id OFFSET 0"


def scope(publisher_id: str) -> Statement:
    """What limits a search to one publisher; begins every statement. Raises ``MissingPublisher``."""
    sql = """WITH
        vocabulary AS NOT MATERIALIZED (
            SELECT number, word FROM search_word WHERE publisher_id = :publisher),
        documents AS NOT MATERIALIZED (
            SELECT customer_id, doc_version, deleted, words, keys, stored
            FROM search_document WHERE publisher_id = :publisher)
        """
    return Statement(sql, {"publisher": required(publisher_id)})


def look_up(scoped: Statement, words: Sequence[Word]) -> Statement:
    """``word, form, number, text``: the words of the vocabulary that begin with each form of each word, at most one
    more than ``MANY`` of each, or equal it; and with ``word`` -1 those within the typos that are forgiven."""
    parameters: dict[str, Any] = dict(scoped.parameters)
    selects: list[str] = []
    for index, word in enumerate(words):
        if word.exact:
            parameters[f"whole{index}"] = [mark + form for mark in ("", KEY_MARK) for form in word.forms]
            condition = f"v.word = ANY(:whole{index})"
            selects.append(f"(SELECT {index}, 0, v.number, v.word FROM vocabulary v WHERE {condition})")
            continue
        for place, form in enumerate(word.forms):
            conditions = (
                range_condition(f"{index}_{place}", form, parameters),
                key_condition(f"{index}_{place}", form, parameters),
            )
            selects += [
                f"(SELECT {index}, {place}, v.number, v.word FROM vocabulary v WHERE {condition} LIMIT {MANY + 1})"
                for condition in conditions
            ]
    forms = [pair for word in words for pair in word.misspelled]
    if forms:
        parameters["keys"] = sorted({key for form, typos in forms for key in deletion_keys(form, typos)})
        parameters["shortest"] = min(len(form) - typos for form, typos in forms)
        parameters["longest"] = max(len(form) + typos for form, typos in forms)
        # Key by key and word by word: how many words share a key the planner can't know, and would read them all.
        selects.append("""(SELECT -1, -1, v.number, v.word
            FROM (SELECT DISTINCT t.word FROM unnest(CAST(:keys AS bigint[])) AS k (key)
                CROSS JOIN LATERAL (SELECT word FROM search_typo WHERE keys @> ARRAY[k.key] OFFSET 0) t) t
            CROSS JOIN LATERAL (SELECT number, word FROM vocabulary WHERE number = t.word OFFSET 0) v
            WHERE char_length(v.word) BETWEEN :shortest AND :longest)""")
    return Statement(f"{scoped.sql} {' UNION ALL '.join(selects)}", parameters)


def vocabulary(rows: Iterable[Sequence[Any]]) -> Vocabulary:
    """What ``look_up`` found."""
    begins: dict[tuple[int, int], dict[int, str]] = {}
    for index, place, number, text in rows:
        begins.setdefault((index, place), {})[number] = text
    return Vocabulary(begins, begins.pop((-1, -1), {}))


def posting_counts(scoped: Statement, words: Sequence[WordSql], up_to: int) -> Statement:
    """How many postings each word has, up to one more than ``up_to``, as one row."""
    counts = ", ".join(f"(SELECT count(*) FROM (SELECT FROM ({word.rows}) m LIMIT {up_to + 1}) c)" for word in words)
    parameters = {name: value for word in words for name, value in word.parameters.items()}
    return Statement(f"{scoped.sql} SELECT {counts}", {**scoped.parameters, **parameters})


def page_of(
    scoped: Statement, wanted: Wanted, *, limit: int, after: After | None, order: Order | None, count_to: int | None
) -> Statement:
    """``total, customer_id, score, key, doc_version, stored``: a row for each hit, or one with only the total.

    ``total`` is at most one more than ``count_to``; None: whatever it is; 0: not wanted.
    """
    page = _by_column(wanted, order, after) if order else _best_first(wanted, after)
    at_most = "" if count_to is None else f"LIMIT {count_to + 1 if count_to else 0}"
    direction = "DESC" if order is None or order.descending else "ASC"
    first = f"h.key {direction} NULLS LAST" if order else "h.score DESC"
    # Of a first page, best first, no more are looked at than are counted.
    most = count_to + 1 if count_to and not order and not after else None
    sql = f"""{scoped.sql}, matches AS {_matches(wanted, most)}, page AS ({page})
        SELECT t.total, h.* FROM (SELECT count(*) AS total FROM (SELECT FROM matches {at_most}) m) t
        LEFT JOIN (SELECT d.customer_id, page.score, page.key, d.doc_version, d.stored
            FROM page CROSS JOIN LATERAL ({_DOCUMENT.format("page")}) d WHERE NOT d.deleted) h ON true
        ORDER BY {first}, h.customer_id {direction}"""
    position = {"after_key": after[0], "after_id": after[1]} if after else {}
    return Statement(sql, {**scoped.parameters, **wanted.parameters, **position, "limit": limit})


def window_of(
    scoped: Statement, wanted: Wanted, *, first: int, limit: int, after: After | None, order: Order | None
) -> Statement:
    """``customer_id, score, key, doc_version, stored``: those who match among the ``first`` customers behind ``after``
    in the order of an index, at most ``limit``, each looked at by themselves. Without ``order``: by ID, the newest
    first, and of ``after`` the ID counts. With one: only those where it isn't empty."""
    direction, beyond = ("DESC", "<") if order is None or order.descending else ("ASC", ">")
    key = key_sql(order.column) if order else "CAST(NULL AS text)"
    behind, by = "", f"customer_id {direction}"
    if order:
        behind, by = f" AND {key} IS NOT NULL", f"{key} {direction}, customer_id {direction}"
    if after:
        place = f"({key}, customer_id) {beyond} (:after_key, :after_id)" if order else f"customer_id {beyond} :after_id"
        behind += f" AND {place}"
    scores = [f"o{place}.score" for place in range(len(wanted.nodes))]
    looked_up = "".join(
        f" CROSS JOIN LATERAL ({node.score_of_one}) o{place}" for place, node in enumerate(wanted.nodes)
    )
    conditions = [*wanted.conditions, *(f"{score} IS NOT NULL" for score in scores)]
    sql = f"""{scoped.sql}
        SELECT r.customer_id, {" + ".join(scores)} AS score, r.key, d.doc_version, d.stored
        FROM (SELECT customer_id, {key} AS key FROM documents d WHERE NOT deleted{behind}
            ORDER BY {by} LIMIT :first) r
        CROSS JOIN LATERAL ({_DOCUMENT.format("r")}) d{looked_up} WHERE {" AND ".join(conditions)} LIMIT :limit"""
    position = {"after_id": after[1], **({"after_key": after[0]} if order else {})} if after else {}
    return Statement(sql, {**scoped.parameters, **wanted.parameters, **position, "first": first, "limit": limit})


def customers_among(scoped: Statement, node: NodeSql, *, postings: int) -> Statement:
    """How many customers there are among the first ``postings`` of ``node``."""
    sql = f"""{scoped.sql} SELECT count(*) FROM (SELECT customer_id FROM
        (SELECT customer_id FROM ({node.rows}) m LIMIT :postings) p GROUP BY customer_id) c"""
    return Statement(sql, {**scoped.parameters, **node.parameters, "postings": postings})


def _matches(wanted: Wanted, most: int | None) -> str:
    """Who matches; ``most``: the best of them suffice."""
    conditions = "".join(f" AND {condition}" for condition in wanted.conditions)
    if wanted.in_range_of:  # in the order of the column, so that its index is read and not every document
        return f"""MATERIALIZED (SELECT d.customer_id, 0 AS score FROM documents d WHERE NOT d.deleted{conditions}
            ORDER BY {key_sql(wanted.in_range_of)} LIMIT {EXACT_TOTAL + 1})"""
    if not wanted.nodes:  # not kept: a page is read in the order of an index, which need not be read to its end
        return f"NOT MATERIALIZED (SELECT d.customer_id, 0 AS score FROM documents d WHERE NOT d.deleted{conditions})"
    if not conditions:
        return f"MATERIALIZED ({matches_of(wanted.nodes)})"
    best_first = "ORDER BY m.score DESC, m.customer_id DESC"
    first, at_most = (best_first, f"{best_first} LIMIT {most}") if most else ("", "")
    return f"""MATERIALIZED (SELECT m.customer_id, m.score
        FROM (SELECT * FROM ({matches_of(wanted.nodes)}) m {first} OFFSET 0) m
        CROSS JOIN LATERAL ({_DOCUMENT.format("m")}) d WHERE true{conditions} {at_most})"""


def _best_first(wanted: Wanted, after: After | None) -> str:
    behind = ""
    if after:
        behind = "WHERE (m.score, m.customer_id) < (CAST(:after_key AS integer), :after_id)"
        if not wanted.nodes:
            behind = "WHERE m.customer_id < :after_id" if after[0] == 0 else "WHERE CAST(:after_key AS integer) > 0"
    order = "m.score DESC, m.customer_id DESC" if wanted.nodes else "m.customer_id DESC"
    return f"""SELECT m.customer_id, m.score, CAST(NULL AS text) AS key FROM matches m {behind}
        ORDER BY {order} LIMIT :limit"""


def _by_column(wanted: Wanted, order: Order, after: After | None) -> str:
    """First those that aren't empty, then those that are, each in its own order: each the order of an index."""
    key = key_sql(order.column)
    direction, beyond = ("DESC", "<") if order.descending else ("ASC", ">")
    source = f"matches m CROSS JOIN LATERAL ({_DOCUMENT.format('m')}) d WHERE true"
    score = "m.score"
    if not wanted.nodes and not wanted.in_range_of:
        conditions = "".join(f" AND {condition}" for condition in wanted.conditions)
        source, score = f"documents d WHERE NOT d.deleted{conditions}", "0"
    filled = f"AND ({key}, d.customer_id) {beyond} (:after_key, :after_id)" if after and after[0] is not None else ""
    empty = f"AND d.customer_id {beyond} :after_id" if after and after[0] is None else ""
    parts = [
        f"""(SELECT d.customer_id, {score} AS score, {key} AS key FROM {source} AND {key} IS NULL {empty}
            ORDER BY d.customer_id {direction} LIMIT :limit)"""
    ]
    if not after or after[0] is not None:
        parts.append(
            f"""(SELECT d.customer_id, {score} AS score, {key} AS key FROM {source} AND {key} IS NOT NULL {filled}
            ORDER BY {key} {direction}, d.customer_id {direction} LIMIT :limit)"""
        )
    return f"""SELECT * FROM ({" UNION ALL ".join(parts)}) both_parts
        ORDER BY key {direction} NULLS LAST, customer_id {direction} LIMIT :limit"""
