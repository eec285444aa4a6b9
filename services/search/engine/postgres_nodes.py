"""The SQL for what words are put together with: all of them, one of them, conditions on columns, and not.

Each node is a select of who matches it and how well. In ``score_of_one`` the customer asked about is ``r``.
"""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from services.search.columns import BY_COLUMN
from services.search.engine.postgres_known import KnownSql
from services.search.query.tree import (
    Bought,
    Either,
    Every,
    Filled,
    Known,
    Node,
    Not,
    Range,
    Within,
    Word,
)

FEW = 1_000
"""Postings of a word up to which it is rare, and looked at first."""
LOTS = 5_000
"""Postings up to which those of a query without a rare word are counted."""
UNCOUNTED = 100_000
"""What more than that is taken for."""
LOOK_UP, LOOK_AT_ALL = 5, 40
"""What it costs, in postings read one after the other, to look one customer up in a word, and in all it has."""


class NodeSql(Protocol):
    """A node as SQL. ``width``: how many words of the vocabulary it stands for, about; 0: nobody can match.

    ``count``: its postings, about. ``look_up``: the cost of asking it about one customer, in postings read.
    """

    @property
    def parameters(self) -> Mapping[str, Any]: ...

    @property
    def width(self) -> int: ...

    @property
    def count(self) -> int: ...

    @property
    def look_up(self) -> int: ...

    @property
    def rows(self) -> str:
        """A select of ``customer_id, score``; a customer may come more than once, the best score counts."""

    @property
    def score_of_one(self) -> str:
        """A select of the best ``score`` of the customer in ``r`` (a row of the rarest word), NULL for none."""


class WordSql(NodeSql, Protocol):
    """A word: its postings can be counted."""

    def counted(self, postings: int) -> None:
        """Take note of how many postings it has."""


class Compiler:
    """Makes SQL of nodes; ``words`` are those of the query's words, from left to right."""

    def __init__(self, words: Iterable[NodeSql]) -> None:
        self._words = iter(words)
        self._conditions = 0
        self._known = 0

    def node(self, node: Node) -> NodeSql:
        """The SQL of ``node``."""
        match node:
            case Word():
                return next(self._words)
            case Either(nodes):
                return _EitherSql([self.node(inner) for inner in nodes])
            case Every(nodes):
                return _EverySql([self.node(inner) for inner in nodes])
            case Within(inner) if not is_condition(inner):
                return _WithinSql(self.node(inner))
            case Known(reasons):
                self._known += 1
                return KnownSql(self._known, reasons)
            case Bought():
                return KnownSql(0, ())
            case _:
                parameters: dict[str, Any] = {}
                return _ConditionSql(self.condition(node, parameters), parameters)

    def condition(self, node: Node, parameters: dict[str, Any]) -> str:
        """Whether the document ``d`` matches ``node``; adds to ``parameters``."""
        match node:
            case Filled(column):
                return f"{_key(column)} IS NOT NULL"
            case Range():
                return self._range(node, parameters)
            case Every(nodes) | Either(nodes) if _asks_columns_only(node):
                joined = " AND " if isinstance(node, Every) else " OR "
                return f"({joined.join(self.condition(inner, parameters) for inner in nodes)})"
            case Within(inner):
                return self.condition(inner, parameters)
            case Not(inner) if _asks_columns_only(inner):
                return f"({self.condition(inner, parameters)}) IS NOT TRUE"
            case Not(inner):
                return f"NOT ({self._among(inner, parameters)})"
            case _:
                return self._among(node, parameters)

    def _among(self, node: Node, parameters: dict[str, Any]) -> str:
        compiled = self.node(node)
        parameters |= compiled.parameters
        if compiled.width == 0:
            return "false"
        # Read once and kept: IS TRUE, so that it isn't made a join.
        return f"(d.customer_id IN (SELECT among.customer_id FROM ({compiled.rows}) among)) IS TRUE"

    def _range(self, node: Range, parameters: dict[str, Any]) -> str:
        self._conditions += 1
        limits = []
        for operator, name, value in ((">=", "low", node.low), ("<", "high", node.high)):
            if value is not None:
                parameters[f"{name}{self._conditions}"] = value
                limits.append(f"{_key(node.column)} {operator} :{name}{self._conditions}")
        return " AND ".join(limits) or f"{_key(node.column)} IS NOT NULL"


def is_condition(node: Node) -> bool:
    """Whether ``node`` only narrows what others find: it scores nothing and has no postings."""
    if isinstance(node, Within):
        return is_condition(node.node)
    return isinstance(node, Not) or _asks_columns_only(node)


def _asks_columns_only(node: Node) -> bool:
    match node:
        case Range() | Filled():
            return True
        case Not(inner) | Within(inner):
            return _asks_columns_only(inner)
        case Every(nodes) | Either(nodes):
            return all(map(_asks_columns_only, nodes))
        case _:
            return False


def key_sql(column: str, row: str = "d") -> str:
    """The key of a column in the document ``row``."""
    return f"{row}.keys[{BY_COLUMN[column].number}]"


def _key(column: str) -> str:
    return key_sql(column)


def matches_of(nodes: Sequence[NodeSql]) -> str:
    """Who matches all ``nodes``, beginning with the rarest.

    For each other node either all its postings are read and joined, or each customer found so far is looked up in it,
    whichever costs less.
    """
    rarest, *others = sorted(nodes, key=lambda node: node.count)
    found, customers = _best(rarest), rarest.count
    for node in others:
        if one_by_one(customers, node):
            # A fence: nobody is looked up who has fallen through before.
            found = f"""SELECT r.customer_id, r.score + o.score AS score FROM ({found} OFFSET 0) r
                CROSS JOIN LATERAL ({node.score_of_one}) o WHERE o.score IS NOT NULL"""
        else:
            # The best of each customer's postings is found behind the join, which most don't pass.
            found = f"""SELECT r.customer_id, r.score + max(o.score) AS score FROM ({found}) r
                JOIN ({node.rows}) o ON o.customer_id = r.customer_id GROUP BY r.customer_id, r.score"""
        customers //= 2
    return found


def one_by_one(customers: int, node: NodeSql) -> bool:
    """Whether looking so many customers up in ``node`` costs less than reading all its postings."""
    return customers * node.look_up < node.count


def _best(node: NodeSql) -> str:
    return f"SELECT customer_id, max(score) AS score FROM ({node.rows}) m GROUP BY customer_id"


def _parameters(nodes: Sequence[NodeSql]) -> dict[str, Any]:
    return {name: value for node in nodes for name, value in node.parameters.items()}


class _EitherSql:
    def __init__(self, nodes: Sequence[NodeSql]) -> None:
        self._nodes = [node for node in nodes if node.width]
        self.parameters = _parameters(self._nodes)
        self.width = sum(node.width for node in self._nodes)

    @property
    def count(self) -> int:
        return sum(node.count for node in self._nodes)

    @property
    def look_up(self) -> int:
        return sum(node.look_up for node in self._nodes)

    @property
    def rows(self) -> str:
        return " UNION ALL ".join(f"(SELECT customer_id, score FROM ({node.rows}) e)" for node in self._nodes)

    @property
    def score_of_one(self) -> str:
        each = " UNION ALL ".join(f"(SELECT score FROM ({node.score_of_one}) e)" for node in self._nodes)
        return f"SELECT max(score) AS score FROM ({each}) b"


class _EverySql:
    def __init__(self, nodes: Sequence[NodeSql]) -> None:
        self._nodes = nodes
        self.parameters = _parameters(nodes)
        self.width = sum(node.width for node in nodes) if all(node.width for node in nodes) else 0

    @property
    def count(self) -> int:
        return min(node.count for node in self._nodes)

    @property
    def look_up(self) -> int:
        return sum(node.look_up for node in self._nodes)

    @property
    def rows(self) -> str:
        return matches_of(self._nodes)

    @property
    def score_of_one(self) -> str:
        return f"SELECT {' + '.join(f'({node.score_of_one})' for node in self._nodes)} AS score"


class _WithinSql:
    def __init__(self, node: NodeSql) -> None:
        self._node = node
        self.parameters = node.parameters
        self.width = node.width

    @property
    def count(self) -> int:
        return self._node.count

    @property
    def look_up(self) -> int:
        return self._node.look_up

    @property
    def rows(self) -> str:
        return f"SELECT customer_id, 0 AS score FROM ({self._node.rows}) w"

    @property
    def score_of_one(self) -> str:
        return f"SELECT 0 * score AS score FROM ({self._node.score_of_one}) w"


class _ConditionSql:
    width = 1
    count = UNCOUNTED
    look_up = LOOK_AT_ALL

    def __init__(self, condition: str, parameters: Mapping[str, Any]) -> None:
        self._condition = condition
        self.parameters = parameters

    @property
    def rows(self) -> str:
        return f"SELECT d.customer_id, 0 AS score FROM documents d WHERE NOT d.deleted AND {self._condition}"

    @property
    def score_of_one(self) -> str:
        return f"""SELECT max(0) AS score FROM documents d
            WHERE d.customer_id = r.customer_id AND NOT d.deleted AND {self._condition}"""
