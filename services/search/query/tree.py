"""What a search asks for, as typed values: the engines build their queries from it and never see what was typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from services.search.typos import forgiven

How = Literal["identifier", "word", "prefix", "typo"]
"""How what was typed matches a value, best first."""


@dataclass(frozen=True, slots=True)
class Word:
    """A typed word: a customer matches when any of ``forms`` matches one of its tokens.

    ``typed`` is what somebody typed, for explaining hits. Without forms (no letter, no digit) it matches nobody.
    ``attributes`` limits it to these; none: all that aren't found only where they are named.
    ``exact``: whole words only, no beginnings and no typos. ``spelled``: no typos.
    ``names``: the forms are not what was typed but codes that it names (``germany``: ``de``).
    """

    typed: str
    forms: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    exact: bool = False
    names: Literal["word"] | None = None
    spelled: bool = False

    @property
    def misspelled(self) -> list[tuple[str, int]]:
        """The forms in which typos are forgiven, each with how many."""
        return [] if self.exact or self.spelled else forgiven(self.forms)


@dataclass(frozen=True, slots=True)
class Range:
    """The key of a column is at least ``low`` and below ``high``; None: no limit on this side. Empty never matches."""

    column: str
    low: str | None
    high: str | None


@dataclass(frozen=True, slots=True)
class Filled:
    """A column isn't empty."""

    column: str


@dataclass(frozen=True, slots=True)
class Not:
    """What is asked for inside must not be."""

    node: Node


@dataclass(frozen=True, slots=True)
class Every:
    """All of it must match; scores add up."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one must match; the best one's score counts."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """What is asked for inside must be, but adds nothing to the score."""

    node: Node


@dataclass(frozen=True, slots=True)
class Bought:
    """A transaction of the customer's is found by this word, in the attributes of transactions that it names.

    Engines find nobody by it: whoever searches looks the transactions up first (``bought``), and puts ``Known`` in its
    place.
    """

    word: Word


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a customer is known to be meant: the attribute of something of the customer's, its value, and how."""

    customer_id: str
    attribute: str
    value: str
    how: How


@dataclass(frozen=True, slots=True)
class Known:
    """Whoever has a reason here."""

    reasons: tuple[Reason, ...]


Node: TypeAlias = Word | Range | Filled | Not | Every | Either | Within | Bought | Known


_IDENTIFYING = {"id", "external_id", "email"}


@dataclass(frozen=True, slots=True)
class Query:
    """All of it must match. Empty: every customer."""

    nodes: tuple[Node, ...] = ()

    def words(self) -> Iterator[Word]:
        """Every word in it, from left to right."""
        for node in self.nodes:
            yield from words_in(node)

    def asks_columns(self) -> bool:
        """Whether anything in it is asked of columns."""
        return any(_asks_columns(node) for node in self.nodes)

    @property
    def only_word(self) -> Word | None:
        """The word of a query that is nothing but one word, of any attribute, of one that names a customer, or of a
        transaction's."""
        if len(self.nodes) != 1:
            return None
        node = self.nodes[0]
        if isinstance(node, Either):  # the word as it stands, then what else it may mean
            first = node.nodes[0]
            others = [other.word if isinstance(other, Bought) else other for other in node.nodes]
            if not all(
                isinstance(other, Word) and isinstance(first, Word) and other.typed == first.typed for other in others
            ):
                return None
            node = first
        if isinstance(node, Bought):
            return node.word
        if not isinstance(node, Word) or node.names is not None:
            return None
        return node if set(node.attributes) <= _IDENTIFYING else None


def words_in(node: Node) -> Iterator[Word]:
    """Every word in ``node``."""
    match node:
        case Word():
            yield node
        case Not(inner) | Within(inner):
            yield from words_in(inner)
        case Every(nodes) | Either(nodes):
            for inner in nodes:
                yield from words_in(inner)


def _asks_columns(node: Node) -> bool:
    match node:
        case Range() | Filled():
            return True
        case Not(inner) | Within(inner):
            return _asks_columns(inner)
        case Every(nodes) | Either(nodes):
            return any(map(_asks_columns, nodes))
        case _:
            return False
