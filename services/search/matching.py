"""Whether, how well and why a document matches a query: the definition that both engines have to agree with.

Explains hits (``matched``), and answers from a single fresh document where an engine doesn't have it yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from services.search.documents import BY_NAME, CustomerDocument, Found
from services.search.query.tree import Query, Word
from services.search.text import MIN_KEY_PREFIX, Kind
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
    found = list(_all(word, document))
    best = max((SCORES[reason.how] for reason in found), default=0)
    return [reason for reason in found if SCORES[reason.how] == best]


def _all(word: Word, document: CustomerDocument) -> Iterator[Matched]:
    for name, values in document.values.items():
        if word.attribute in (None, name):
            for found in values:
                how = _how(word.forms, found, fuzzy=BY_NAME[name].fuzzy)
                if how:
                    yield Matched(name, found.value, how)


def _how(forms: Sequence[str], found: Found, *, fuzzy: bool) -> How | None:
    equal = {found.tokens[form] for form in forms if form in found.tokens}
    if equal & {Kind.KEY, Kind.WHOLE}:
        return "identifier"
    if Kind.WORD in equal:
        return "word"
    if any(_begins(token, kind, form) for token, kind in found.tokens.items() for form in forms):
        return "prefix"
    if fuzzy and any(kind is Kind.WORD and is_near(token, forms) for token, kind in found.tokens.items()):
        return "typo"
    return None


def _begins(token: str, kind: Kind, form: str) -> bool:
    return token.startswith(form) and (kind is not Kind.KEY or len(form) >= MIN_KEY_PREFIX)


def is_near(token: str, forms: Sequence[str]) -> bool:
    """Whether ``token`` is one of ``forms`` but for the typos that are forgiven."""
    return any(within(form, token, limit) for form, limit in forgiven(forms))
