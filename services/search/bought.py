"""Customers who are meant by a transaction: looked up first, so that the rest of a search sees only customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from services.search.engine.port import TransactionHit
from services.search.matching import transaction_reasons
from services.search.query.tree import Bought, Either, Every, Known, Node, Not, Query, Within, Word

MOST = 1_000
"""Customers looked at whose transactions are found by one word."""

Find = Callable[[Word], Sequence[TransactionHit]]
"""The transactions that a word finds, at most ``MOST``."""


@dataclass
class Lookup:
    """Puts the customers in the place of the transactions that are asked for. ``complete``: nobody was left out."""

    find: Find
    complete: bool = True
    _known: dict[Word, Known] = field(default_factory=dict)

    def query(self, asked: Query) -> Query:
        """The same query by customers. Raises what ``find`` raises."""
        return Query(tuple(map(self._node, asked.nodes)))

    def _node(self, node: Node) -> Node:
        match node:
            case Bought(word):
                return self._customers(word)
            case Either(nodes):
                # Who is found by nothing is left out: then the query is what it was without transactions.
                left = tuple(each for each in map(self._node, nodes) if each != Known(()))
                return left[0] if len(left) == 1 else Either(left) if left else Known(())
            case Every(nodes):
                return Every(tuple(map(self._node, nodes)))
            case Not(inner):
                return Not(self._node(inner))
            case Within(inner):
                return Within(self._node(inner))
            case _:
                return node

    def _customers(self, word: Word) -> Known:
        if word not in self._known:
            hits = self.find(word)
            self.complete = self.complete and len(hits) < MOST
            reasons = (
                reason
                for hit in hits
                for reason in transaction_reasons(word, hit.customer_id, {**hit.stored, "id": hit.id})
            )
            self._known[word] = Known(tuple(dict.fromkeys(reasons)))
        return self._known[word]


def asks_transactions(query: Query) -> bool:
    """Whether anything in it is asked of transactions."""
    return any(True for node in query.nodes for _ in _bought_in(node))


def _bought_in(node: Node) -> Iterator[Bought]:
    match node:
        case Bought():
            yield node
        case Not(inner) | Within(inner):
            yield from _bought_in(inner)
        case Every(nodes) | Either(nodes):
            for inner in nodes:
                yield from _bought_in(inner)
