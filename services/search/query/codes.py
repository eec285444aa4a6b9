"""Countries and currencies by their names in many languages, and months, for what somebody typed.

``names.json`` is generated from Unicode's CLDR (``./accounts generate``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import orjson

from services.search.folding import fold
from services.search.text import squeezed

_FILE = Path(__file__).with_name("names.json")
_SHORTEST_PREFIX = 4
_SHORTEST_INNER = 4
_MOST_COUNTRIES = 3
"""A word inside of names stands for countries only if it is in the names of so few: not ``Islands`` or ``Republic``."""


@dataclass(frozen=True, slots=True)
class Named:
    """Codes (folded) that a typed word or words name, and how well."""

    codes: tuple[str, ...]
    how: Literal["word", "prefix"]


class Names:
    """Codes by whole name, and by the beginnings of names and of words inside them."""

    def __init__(self, names: Mapping[str, Iterable[str]], *, most_inner: int) -> None:
        self._whole: dict[str, set[str]] = {}
        inner: dict[str, set[str]] = {}
        for code, spellings in names.items():
            for spelling in spellings:
                for folded in fold(spelling):
                    self._whole.setdefault(squeezed(folded), set()).add(code.lower())
                    for word in folded.split():
                        inner.setdefault(squeezed(word), set()).add(code.lower())
        self._begins = dict(self._whole)
        for word, codes in inner.items():
            if len(word) >= _SHORTEST_INNER and len(codes) <= most_inner:
                self._begins[word] = self._begins.get(word, set()) | codes
        self._sorted = sorted(self._begins)

    def find(self, form: str) -> Named | None:
        """What ``form`` (folded and squeezed) names."""
        if codes := self._whole.get(form):
            return Named(tuple(sorted(codes)), "word")
        if len(form) < (_SHORTEST_PREFIX if form.isascii() else 2):
            return None
        found: set[str] = set()
        for position in range(bisect_left(self._sorted, form), len(self._sorted)):
            if not self._sorted[position].startswith(form):
                break
            found |= self._begins[self._sorted[position]]
        return Named(tuple(sorted(found)), "prefix") if found else None


@lru_cache(maxsize=1)
def countries() -> Names:
    """Countries and territories (ISO 3166-1)."""
    return Names(_names()["countries"], most_inner=_MOST_COUNTRIES)


@lru_cache(maxsize=1)
def currencies() -> Names:
    """Currencies (ISO 4217)."""
    names = _names()["currencies"]
    return Names(names, most_inner=len(names))


@lru_cache(maxsize=1)
def months() -> Mapping[str, int]:
    """The number of a month by its names and their abbreviations (folded and squeezed)."""
    pairs = (
        (squeezed(folded), int(key)) for key, names in _names()["months"].items() for n in names for folded in fold(n)
    )
    return {name: number for name, number in pairs if not name.isdigit()}


def warm() -> None:
    """Read all names, so that the first search needn't: some hundredths of a second."""
    countries()
    currencies()
    months()


def _names() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = orjson.loads(_FILE.read_bytes())
    return found
