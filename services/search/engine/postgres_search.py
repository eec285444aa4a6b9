"""A search in the PostgreSQL index: words looked up, counted, put together, and all of it in a limited time.

A search that is not done in time is answered by the best ranked as far as they can be found in the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row

from services.search.columns import OFTEN_SORTED, Order
from services.search.engine import postgres_query as sql
from services.search.engine.errors import TooBroad
from services.search.engine.port import EXACT_TOTAL, After, Hit, Total
from services.search.engine.postgres_nodes import FEW, LOTS, UNCOUNTED, Compiler, NodeSql, WordSql, is_condition
from services.search.engine.postgres_sessions import OutOfTime, Reader
from services.search.engine.postgres_words import word_sql
from services.search.matching import SCORES
from services.search.query.tree import Either, Every, Node, Query, Range, Within, Word

SECONDS = 1.3
"""What a search may take in the database, whatever is asked for."""
SPARED = 0.5
"""Of these, what is kept for an answer in parts."""
WINDOW = 500
"""The first customers, who are looked at one by one where so many match that a page is among them."""
BROAD = 40_000
"""Postings of a word in which more customers than are counted are looked for."""

Found = tuple[list[Hit], Total]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched for, and where; see ``Engine.search``."""

    reader: Reader
    scoped: sql.Statement
    query: Query
    limit: int
    after: After | None
    order: Order | None
    exact_total: bool

    def found(self) -> Found:
        """The hits, one more than ``limit`` if there are so many, and how many there are. Raises TooBroad."""
        wanted = None
        try:
            wanted = self._wanted(self.query, sparing=SPARED)
            if wanted is None:
                return [], Total(0, exact=True)
            return self._broad(wanted) or self._in_range(wanted) or self._page(wanted)
        except OutOfTime:
            return self._in_parts(wanted)

    def _page(self, wanted: sql.Wanted) -> Found:
        rows = self.reader.rows(
            self._statement(wanted, count_to=None if self.exact_total else EXACT_TOTAL), sparing=SPARED
        )
        found = rows[0].total
        exact = self.exact_total or found <= EXACT_TOTAL
        return _hits(rows), Total(found if exact else EXACT_TOTAL, exact=exact)

    def _statement(self, wanted: sql.Wanted, *, count_to: int | None) -> sql.Statement:
        return sql.page_of(
            self.scoped, wanted, limit=self.limit + 1, after=self.after, order=self.order, count_to=count_to
        )

    def _wanted(self, query: Query, *, sparing: float) -> sql.Wanted | None:
        """Whom ``query`` asks for; None where a word in it is nobody's. Raises OutOfTime."""
        words = list(query.words())
        look_up = sql.look_up(self.scoped, words)
        rows = self.reader.rows(look_up, sparing=sparing) if any(word.forms for word in words) else ()
        found = sql.vocabulary(rows)
        made = [word_sql(index, word, found) for index, word in enumerate(words)]
        wanted = _compiled(query, made)
        if any(node.width == 0 for node in wanted.nodes):
            return None
        self._count([word for word in made if word.width], sparing=sparing)
        # Once more: what is to be read first depends on how common it is.
        return _compiled(query, made) if wanted.conditions else wanted

    def _count(self, words: Sequence[WordSql], *, sparing: float) -> None:
        """How common each word is: if all of them are, up to a higher number."""
        if not words:
            return
        for up_to in (FEW, LOTS):
            counts = self.reader.rows(sql.posting_counts(self.scoped, words, up_to), sparing=sparing)[0]
            for word, postings in zip(words, counts, strict=True):
                word.counted(postings if postings <= up_to else UNCOUNTED)
            if min(counts) <= up_to:
                break

    def _broad(self, wanted: sql.Wanted) -> Found | None:
        """Where one word is all that is asked for and very many have it; None: it has to be found out whole.

        Those whom it finds as a whole word come first, and are fewer. Then come those whom it finds by its beginning,
        the newest first: they are among the newest customers. In the order of a column they are among its first.
        """
        if self.exact_total or wanted.conditions or not _is_one_word(self.query.nodes):
            return None
        (node,) = wanted.nodes
        if node.count <= LOTS or not self._is_in_order_of_an_index(lowest=SCORES["prefix"]):
            return None
        some = sql.customers_among(self.scoped, node, postings=BROAD)
        if self.reader.rows(some, sparing=SPARED)[0][0] <= EXACT_TOTAL:
            return None
        hits = [] if self.order else self._strongest(sparing=SPARED)
        if len(hits) <= self.limit:
            first = self._first(wanted, by_beginning=SCORES["prefix"], sparing=SPARED)
            hits += [hit for hit in first if self.order or hit.score == SCORES["prefix"]]
        return (hits, Total(EXACT_TOTAL, exact=False)) if len(hits) > self.limit else None

    def _in_range(self, wanted: sql.Wanted) -> Found | None:
        """Where conditions are all that is asked for, one is a range of an index, and few are in it; else None."""
        column = next((found for found in map(_indexed_range, self.query.nodes) if found), None)
        if wanted.nodes or column is None:
            return None
        hits, total = self._page(replace(wanted, in_range_of=column))
        return (hits, total) if total.exact and total.value <= EXACT_TOTAL else None

    def _in_parts(self, wanted: sql.Wanted | None) -> Found:
        """The best ranked as far as they are found in the time that is left. Raises TooBroad.

        First those who have every word as a whole one, then who matches among the newest. In the order of a column only
        a page that has everybody it should. Without words a page in the order of an index, which needs no count.
        """
        hits: list[Hit] = []
        if wanted is not None and not wanted.nodes:
            hits += self._as_far_as_known(lambda: _hits(self.reader.rows(self._statement(wanted, count_to=0))))
        elif self.order is None:
            hits += self._as_far_as_known(lambda: self._strongest(sparing=SPARED / 2))
        if wanted is not None and wanted.nodes and len(hits) <= self.limit and self._is_in_order_of_an_index(lowest=0):
            weakest = SCORES["prefix"] * len(wanted.nodes)
            hits += self._as_far_as_known(lambda: self._first(wanted, by_beginning=weakest, sparing=0.0))
        if not self.order:
            hits = self._best_first(hits)
        if not hits or (self.order and len(hits) <= self.limit):
            raise TooBroad
        return hits, Total(len(hits), exact=False)

    @staticmethod
    def _as_far_as_known(find: Callable[[], list[Hit]]) -> list[Hit]:
        try:
            return find()
        except OutOfTime:
            return []

    def _best_first(self, hits: Iterable[Hit]) -> list[Hit]:
        """Each customer once, and only those behind ``after``."""
        known = {hit.customer_id: hit for hit in hits}
        found = sorted(known.values(), key=lambda hit: (hit.score, hit.customer_id), reverse=True)
        after = self.after
        return [hit for hit in found if after is None or (hit.score, hit.customer_id) < after]

    def _is_in_order_of_an_index(self, *, lowest: int) -> bool:
        """Whether the page's order is one in which customers can be read; from this score on, it is where they rank."""
        if self.order:
            return self.order.column in OFTEN_SORTED and (self.after is None or self.after[0] is not None)
        return self.after is None or (isinstance(self.after[0], int) and self.after[0] >= lowest)

    def _strongest(self, *, sparing: float) -> list[Hit]:
        """Those who have every word as a whole one."""
        wanted = self._wanted(Query(tuple(map(_whole, self.query.nodes))), sparing=sparing)
        if wanted is None:
            return []
        return _hits(self.reader.rows(self._statement(wanted, count_to=0), sparing=sparing))

    def _first(self, wanted: sql.Wanted, *, by_beginning: int, sparing: float) -> list[Hit]:
        """Who matches among the first customers. ``by_beginning``: a score from which on downwards IDs decide."""
        after = self.after
        if after and not self.order and isinstance(after[0], int) and after[0] > by_beginning:
            after = None
        statement = sql.window_of(
            self.scoped,
            wanted,
            first=WINDOW // max(1, len(wanted.nodes)),
            limit=self.limit + 1,
            after=after,
            order=self.order,
        )
        return _hits(self.reader.rows(statement, sparing=sparing))


def _compiled(query: Query, words: Sequence[NodeSql]) -> sql.Wanted:
    """Whom ``query`` asks for, given its words from left to right."""
    compiler = Compiler(words)
    parameters: dict[str, Any] = {}
    nodes: list[NodeSql] = []
    conditions: list[str] = []
    for node in query.nodes:
        if is_condition(node):
            conditions.append(compiler.condition(node, parameters))
        else:
            nodes.append(compiler.node(node))
            parameters |= nodes[-1].parameters
    return sql.Wanted(nodes, conditions, parameters)


def _indexed_range(node: Node) -> str | None:
    """The column of a range that an index is kept of."""
    if isinstance(node, Within):
        return _indexed_range(node.node)
    return node.column if isinstance(node, Range) and node.column in OFTEN_SORTED else None


def _is_one_word(nodes: Sequence[Node]) -> bool:
    """Whether a hit's score is that of one word."""
    if len(nodes) != 1:
        return False
    inside = nodes[0].nodes if isinstance(nodes[0], Either) else nodes
    return all(isinstance(node, Word) for node in inside)


def _whole(node: Node) -> Node:
    """The same, its words as whole ones only: who matches it matches ``node``, at least as well."""
    match node:
        case Word():
            return replace(node, exact=True)
        case Every(nodes):
            return Every(tuple(map(_whole, nodes)))
        case Either(nodes):
            return Either(tuple(map(_whole, nodes)))
        case Within(inner):
            return Within(_whole(inner))
        case _:  # what must not be stays as it is
            return node


def _hits(rows: Iterable[Row[Any]]) -> list[Hit]:
    return [Hit(row.customer_id, row.score, row.doc_version, row.stored, row.key) for row in rows if row.customer_id]
