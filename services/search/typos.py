"""Typos: how many are forgiven, what one is, and the keys by which words with a typo find each other.

A typo is a letter too many, too few, another one, or two neighbors swapped: the optimal string alignment distance,
which is also what Lucene's fuzzy query counts (with transpositions).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from hashlib import blake2b
from itertools import combinations

ONE_TYPO_FROM = 4
TWO_TYPOS_FROM = 8
"""Letters of the typed word; shorter ones must be spelled right."""

_INSIDE_NAMES = frozenset("-'`\u2010\u2011\u2019\u2018\u00b4\u2032")

KEY_LENGTH = 8
"""Letters of a word that its deletion keys are made of. Two words within ``n`` typos have beginnings of this length
that become equal by deleting at most ``n`` letters of each, so cutting loses no match."""


def forgiven(forms: Iterable[str]) -> list[tuple[str, int]]:
    """Those of a typed word's forms in which typos are forgiven, each with how many.

    Only words of letters, hyphens and apostrophes: somebody who types ``anna.smith`` or ``10115`` means just that. The
    first letter may be the wrong one.
    """
    kept = list(forms)
    if not all(_spelled(form) for form in kept):
        return []
    return [(form, 2 if len(form) >= TWO_TYPOS_FROM else 1) for form in kept if len(form) >= ONE_TYPO_FROM]


def _spelled(form: str) -> bool:
    return all(character in _INSIDE_NAMES or unicodedata.category(character)[0] in "LM" for character in form)


def within(left: str, right: str, limit: int) -> bool:
    """Whether at most ``limit`` typos lie between two words."""
    if abs(len(left) - len(right)) > limit:
        return False
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            cost = min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > limit and (not before or min(previous) > limit):
            return False
        before, previous = previous, current
    return previous[-1] <= limit


def word_keys(word: str) -> list[int]:
    """Deletion keys under which a word of the vocabulary is kept; none when no typed word can be near it."""
    if len(word) < ONE_TYPO_FROM - 1:
        return []
    return deletion_keys(word, 2 if len(word) >= TWO_TYPOS_FROM - 2 else 1)


def deletion_keys(word: str, deletions: int) -> list[int]:
    """64-bit hashes of the beginning of ``word`` with up to ``deletions`` letters left out, signed as PostgreSQL's."""
    start = word[:KEY_LENGTH]
    texts = {
        "".join(letter for position, letter in enumerate(start) if position not in left_out)
        for count in range(deletions + 1)
        for left_out in combinations(range(len(start)), count)
    }
    return sorted(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True) for text in texts)
