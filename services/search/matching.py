"""Whether, how well and why a document matches a query: the definition that both engines have to agree with.

Explains hits (``matched``), and answers from a single fresh document where an engine doesn't have it yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from services.search.documents import BY_NAME, CustomerDocument, Found
from services.search.query.tree import Query, Word
from services.search.text import MIN_KEY_PREFIX, Kind, Tokens
from services.search.typos import forgiven, within

How = Literal["identifier", "word", "prefix", "typo"]

SCORES: dict[How, int] = {"identifier": 8_000, "word": 400, "prefix": 20, "typo": 1}
"""Score of a word by the best way in which it matches; a hit's score is the sum over its words.

Each way outweighs any number of words (at most 16) of the weaker one, so that hits rank by how many words are
identifiers, then by how many are exact words, then prefixes. Sums stay far below 2**24: Lucene's floats are exact.
"""


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


def match(query: Query, document: CustomerDocument) -> Match | None:
    """How ``document`` matches ``query``; ``None`` when it doesn't. Publishers are the caller's business."""
    if document.deleted:
        return None
    score = 0
    reasons: dict[tuple[str, str], Matched] = {}
    for word in query.words:
        best = _best(word, document)
        if not best:
            return None
        score += SCORES[best[0].how]
        for reason in best:
            known = reasons.get((reason.attribute, reason.value))
            if known is None or SCORES[known.how] < SCORES[reason.how]:
                reasons[reason.attribute, reason.value] = reason
    return Match(score, tuple(reasons.values()))


def _best(word: Word, document: CustomerDocument) -> list[Matched]:
    """Everything that matches ``word`` in the best of the ways it matches at all."""
    best: list[Matched] = []
    for name, found in _values(word, document):
        how = _how(word.forms, found.tokens)
        if how is None or (best and SCORES[how] < SCORES[best[0].how]):
            continue
        if best and SCORES[how] > SCORES[best[0].how]:
            best.clear()
        best.append(Matched(name, found.value, how))
    # Typos are the weakest way and the most work: looked for only where there is nothing better.
    return best or _misspelled(word, document)


def _values(word: Word, document: CustomerDocument) -> Iterator[tuple[str, Found]]:
    for name, values in document.values.items():
        if word.attribute in (None, name):
            for found in values:
                yield name, found


def _how(forms: Sequence[str], tokens: Tokens) -> How | None:
    """The best way, typos aside, in which one of ``forms`` matches one of ``tokens``."""
    equal = [tokens[form] for form in forms if form in tokens]
    if Kind.KEY in equal or Kind.WHOLE in equal:
        return "identifier"
    if Kind.WORD in equal:
        return "word"
    for form in forms:
        for token, kind in tokens.items():
            if token.startswith(form) and (kind is not Kind.KEY or len(form) >= MIN_KEY_PREFIX):
                return "prefix"
    return None


def _misspelled(word: Word, document: CustomerDocument) -> list[Matched]:
    limits = forgiven(word.forms)
    if not limits:
        return []
    return [
        Matched(name, found.value, "typo")
        for name, found in _values(word, document)
        if BY_NAME[name].fuzzy
        and any(kind is Kind.WORD and _is_within(token, limits) for token, kind in found.tokens.items())
    ]


def is_near(token: str, forms: Sequence[str]) -> bool:
    """Whether ``token`` is one of ``forms`` but for the typos that are forgiven."""
    return _is_within(token, forgiven(forms))


def _is_within(token: str, limits: Iterable[tuple[str, int]]) -> bool:
    return any(within(form, token, limit) for form, limit in limits)
