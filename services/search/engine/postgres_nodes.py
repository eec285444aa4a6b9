"""The SQL for what words are put together with: all of them, one of them, conditions on columns, and not.

Each node is a select of who matches it and how well. In ``score_of_one`` the customer asked about is ``r``.
"""

# Statements are put together from constants; every value is a bound parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from services.search.columns import BY_COLUMN
from services.search.query.tree import Either, Every, Filled, Node, Not, Range, Within, Word

FEW = 1_000
"""Postings of a word up to which they are counted; more are taken as ``UNCOUNTED``."""
UNCOUNTED = 30_000
_CONDITION_WIDTH = 100_000


class NodeSql(Protocol):
    """A node as SQL. ``width``: how many words of the vocabulary it stands for, about; 0: nobody can match."""

    @property
    def parameters(self) -> Mapping[str, Any]: ...

    @property
    def width(self) -> int: ...

    @property
    def rows(self) -> str:
        """A select of ``customer_id, score``; a customer may come more than once, the best score counts."""

    @property
    def score_of_one(self) -> str:
        """A select of the best ``score`` of the customer in ``r`` (a row of the rarest word), NULL for none."""


class Compiler:
    """Makes SQL of nodes; ``word`` makes that of the query's words, which are asked for from left to right."""

    def __init__(self, word: Callable[[int, Word], NodeSql]) -> None:
        self._word = word
        self._words = 0
        self._conditions = 0

    def node(self, node: Node) -> NodeSql:
        """The SQL of ``node``."""
        match node:
            case Word():
                self._words += 1
                return self._word(self._words - 1, node)
            case Either(nodes):
                return _EitherSql([self.node(inner) for inner in nodes])
            case Every(nodes):
                return _EverySql([self.node(inner) for inner in nodes])
            case Within(inner) if not is_condition(inner):
                return _WithinSql(self.node(inner))
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
                return f"NOT {self._among(inner, parameters)}"
            case _:
                return self._among(node, parameters)

    def _among(self, node: Node, parameters: dict[str, Any]) -> str:
        compiled = self.node(node)
        parameters |= compiled.parameters
        if compiled.width == 0:
            return "false"
        return f"EXISTS (SELECT FROM ({compiled.rows}) among WHERE among.customer_id = d.customer_id)"

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


def matches_of(nodes: Sequence[NodeSql], counts: Sequence[int]) -> str:
    """Who matches all ``nodes``, beginning with the rarest.

    For each other node either all its postings are read and joined, or each customer found so far is looked up in it,
    whichever touches fewer postings. ``counts`` are those of ``posting_counts``.
    """
    order = sorted(range(len(nodes)), key=lambda index: counts[index])
    rarest, others = order[0], order[1:]
    joins, present, scores = "", "", ["r.score"]
    for index in others:
        scores.append(f"o{index}.score")
        if one_by_one(counts[rarest], counts[index], nodes[index].width):
            joins += f" CROSS JOIN LATERAL ({nodes[index].score_of_one}) o{index}"
            present += f"{' AND' if present else ' WHERE'} o{index}.score IS NOT NULL"
        else:
            joins += f" JOIN ({_best(nodes[index])}) o{index} ON o{index}.customer_id = r.customer_id"
    return f"SELECT r.customer_id, {' + '.join(scores)} AS score FROM ({_best(nodes[rarest])}) r{joins}{present}"


def one_by_one(customers: int, postings: int, width: int) -> bool:
    """Whether looking so many customers up in a word, at ``width`` look-ups each, beats reading its postings."""
    return customers <= FEW and customers * width < (postings if postings <= FEW else UNCOUNTED)


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
    def rows(self) -> str:
        # Their postings aren't counted: the one with the fewest words of the vocabulary is taken for the rarest.
        return matches_of(self._nodes, [node.width for node in self._nodes])

    @property
    def score_of_one(self) -> str:
        return f"SELECT {' + '.join(f'({node.score_of_one})' for node in self._nodes)} AS score"


class _WithinSql:
    def __init__(self, node: NodeSql) -> None:
        self._node = node
        self.parameters = node.parameters
        self.width = node.width

    @property
    def rows(self) -> str:
        return f"SELECT customer_id, 0 AS score FROM ({self._node.rows}) w"

    @property
    def score_of_one(self) -> str:
        return f"SELECT 0 * score AS score FROM ({self._node.score_of_one}) w"


class _ConditionSql:
    width = _CONDITION_WIDTH

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
