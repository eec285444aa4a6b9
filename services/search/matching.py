"""Whether, how well and why a document matches a query: the definition that both engines have to agree with.

Explains hits (``matched``), and answers from a single fresh document where an engine doesn't have it yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.search.documents import ATTRIBUTES, BY_NAME, CustomerDocument, Found, State
from services.search.query.tree import (
    Bought,
    Either,
    Every,
    Filled,
    How,
    Known,
    Node,
    Not,
    Query,
    Range,
    Reason,
    Within,
    Word,
)
from services.search.text import MIN_KEY_PREFIX, Kind, Tokens, squeezed
from services.search.transactions import BY_TRANSACTION_ATTRIBUTE
from services.search.typos import within

SCORES: dict[How, int] = {"identifier": 8_000, "word": 400, "prefix": 20, "typo": 1}
"""Score of a word by the best way in which it matches; a hit's score is the sum over its words.

Each way outweighs any number of words (at most 16) of the weaker one, so that hits rank by how many words are
identifiers, then by how many are exact words, then prefixes. Sums stay far below 2**24: Lucene's floats are exact.
"""
NAMED_SCORES: dict[How, int] = {"word": 390}
"""The same for codes that were named: everybody called Jordan comes before everybody from Jordan."""


@dataclass(frozen=True, slots=True)
class Matched:
    """One reason for a hit: the attribute, its value as people see it, and how a typed word matched it."""

    attribute: str
    value: str
    how: How


@dataclass(frozen=True, slots=True)
class Match:
    """A document that matches: its score, and for each word all that matched it in its best way."""

    score: int
    matched: tuple[Matched, ...]


_Reasons = tuple[int, list[Matched]]
"""A score and what it is for."""


def match(query: Query, document: CustomerDocument) -> Match | None:
    """How ``document`` matches ``query``; ``None`` when it doesn't. Publishers are the caller's business."""
    if document.deleted:
        return None
    found = _every(query.nodes, document)
    if found is None:
        return None
    best: dict[tuple[str, str], Matched] = {}
    for reason in found[1]:
        known = best.get((reason.attribute, reason.value))
        if known is None or SCORES[known.how] < SCORES[reason.how]:
            best[reason.attribute, reason.value] = reason
    return Match(found[0], tuple(best.values()))


def _of(node: Node, document: CustomerDocument) -> _Reasons | None:
    match node:
        case Word():
            return _of_word(node, document)
        case Every(nodes):
            return _every(nodes, document)
        case Either(nodes):
            return _either(nodes, document)
        case Not(inner):
            return (0, []) if _of(inner, document) is None else None
        case Within(inner):
            return None if _of(inner, document) is None else (0, [])
        case Filled(column):
            return (0, []) if column in document.keys else None
        case Bought():
            return None  # transactions are another matter
        case Known(reasons):
            return _known(reasons, document.customer_id)
        case Range():
            return (0, []) if _in_range(node, document.keys.get(node.column)) else None


def _every(nodes: Sequence[Node], document: CustomerDocument) -> _Reasons | None:
    score = 0
    reasons: list[Matched] = []
    for node in nodes:
        found = _of(node, document)
        if found is None:
            return None
        score += found[0]
        reasons += found[1]
    return score, reasons


def _either(nodes: Sequence[Node], document: CustomerDocument) -> _Reasons | None:
    found = [each for each in (_of(node, document) for node in nodes) if each is not None]
    if not found:
        return None
    best = max(score for score, _ in found)
    return best, [reason for score, reasons in found if score == best for reason in reasons]


def _known(reasons: Sequence[Reason], customer_id: str) -> _Reasons | None:
    found = [each for each in reasons if each.customer_id == customer_id]
    if not found:
        return None
    best = max(SCORES[each.how] for each in found)
    return best, [Matched(each.attribute, each.value, each.how) for each in found if SCORES[each.how] == best]


def transaction_reasons(word: Word, customer_id: str, state: State) -> Iterator[Reason]:
    """Why a transaction of this customer's, of this state, matches ``word``; nothing where it doesn't."""
    for name in word.attributes:
        for found in BY_TRANSACTION_ATTRIBUTE[name].values(state):
            how, _ = _way(word, found.tokens)
            if how is not None:
                yield Reason(customer_id, name, found.value, how)


def _in_range(node: Range, key: str | None) -> bool:
    return key is not None and (node.low is None or node.low <= key) and (node.high is None or key < node.high)


def _of_word(word: Word, document: CustomerDocument) -> _Reasons | None:
    """Everything that matches ``word`` in the best of the ways it matches at all."""
    best, reasons = 0, list[Matched]()
    short = _squeezed(word.forms)
    for name, found in _values(word, document):
        if not any(map(found.may_have, short)):
            continue
        how, points = _way(word, found.tokens)
        if how is None or points < best:
            continue
        if points > best:
            best, reasons = points, []
        reasons.append(Matched(name, found.value, how))
    if reasons:
        return best, _without_full_name(reasons)
    # Typos are the weakest way and the most work: looked for only where there is nothing better.
    misspelled = _misspelled(word, document)
    return (SCORES["typo"], misspelled) if misspelled else None


def _without_full_name(reasons: list[Matched]) -> list[Matched]:
    """A full name says nothing that the first or the last name doesn't say in fewer words."""
    parts = any(reason.attribute in ("first_name", "last_name") for reason in reasons)
    return [reason for reason in reasons if reason.attribute != "name"] if parts else reasons


def attributes_of(word: Word) -> tuple[str, ...]:
    """The attributes that ``word`` is looked for in."""
    return word.attributes or _EVERYWHERE


_EVERYWHERE = tuple(attribute.name for attribute in ATTRIBUTES if not attribute.scoped)


def _values(word: Word, document: CustomerDocument) -> Iterator[tuple[str, Found]]:
    for name in attributes_of(word):
        for found in document.values.get(name, ()):
            yield name, found


@lru_cache(maxsize=1024)
def _squeezed(forms: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(squeezed, forms)))


def _way(word: Word, tokens: Tokens) -> tuple[How | None, int]:
    """The best way, typos aside, in which ``word`` matches one of ``tokens``, and its points."""
    equal = [tokens[form] for form in word.forms if form in tokens]
    if word.names:
        return (word.names, NAMED_SCORES[word.names]) if Kind.EXACT in equal else (None, 0)
    if Kind.KEY in equal or Kind.WHOLE in equal:
        return "identifier", SCORES["identifier"]
    if Kind.WORD in equal or Kind.EXACT in equal:
        return "word", SCORES["word"]
    if not word.exact and any(_begins(form, tokens) for form in word.forms):
        return "prefix", SCORES["prefix"]
    return None, 0


def _begins(form: str, tokens: Tokens) -> bool:
    return any(
        token.startswith(form) and kind is not Kind.EXACT and (kind is not Kind.KEY or len(form) >= MIN_KEY_PREFIX)
        for token, kind in tokens.items()
    )


def _misspelled(word: Word, document: CustomerDocument) -> list[Matched]:
    limits = word.misspelled
    if not limits:
        return []
    return [
        Matched(name, found.value, "typo")
        for name, found in _values(word, document)
        if BY_NAME[name].fuzzy
        and any(kind is Kind.WORD and _is_within(token, limits) for token, kind in found.tokens.items())
    ]


def is_near(token: str, word: Word) -> bool:
    """Whether ``token`` is one of the word's forms but for the typos that are forgiven."""
    return _is_within(token, word.misspelled)


def _is_within(token: str, limits: Iterable[tuple[str, int]]) -> bool:
    return any(within(form, token, limit) for form, limit in limits)
