"""Countries and currencies by their names in many languages, and months, for what somebody typed.

``names.json`` is generated from Unicode's CLDR (``./accounts generate``).
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import orjson

from services.search.folding import fold
from services.search.text import MAX_TOKEN_LENGTH, query_forms, squeezed

_FILE = Path(__file__).with_name("names.json")
_SHORTEST_BEGUN = 3
_ARTICLE = "the "


class Names:
    """Codes by whole names and symbols. The beginning of a name stands for nothing but what it may become."""

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        self._codes: dict[str, set[str]] = {}
        self._shown: dict[str, str] = {}
        for code, spellings in names.items():
            for spelling in spellings:
                for folded in fold(spelling):
                    form = folded if has_sign(folded) else squeezed(folded)
                    self._codes.setdefault(form, set()).add(code.lower())
                    self._shown.setdefault(form, spelling)
        self._sorted = sorted(self._codes)

    def find(self, typed: str) -> tuple[str, ...]:
        """The codes (folded) that have this name; none for what is no whole name of any."""
        found: set[str] = set()
        for form in self._forms(typed):
            found |= self._codes.get(form, set())
        return tuple(sorted(found))

    def begun(self, typed: str) -> list[tuple[str, str]]:
        """Codes (folded) of which a name begins so, each with that name, the shortest name first."""
        found: dict[str, str] = {}
        for form in self._forms(typed):
            if len(form) < (_SHORTEST_BEGUN if form.isascii() else 2):
                continue
            for position in range(bisect_left(self._sorted, form), len(self._sorted)):
                name = self._sorted[position]
                if not name.startswith(form):
                    break
                for code in self._codes[name]:
                    if code not in found or len(self._shown[name]) < len(found[code]):
                        found[code] = self._shown[name]
        return sorted(found.items(), key=lambda pair: (len(pair[1]), pair))

    def _forms(self, typed: str) -> Sequence[str]:
        if has_sign(typed):
            return tuple("".join(folded.split()) for folded in fold(typed[:MAX_TOKEN_LENGTH]))
        forms = query_forms(typed)
        if typed.lower().startswith(_ARTICLE):
            forms += query_forms(typed[len(_ARTICLE) :])
        return forms


def has_sign(text: str) -> bool:
    """Whether a sign of money is in it (``€``, ``US$``)."""
    return any(unicodedata.category(character) == "Sc" for character in text[:MAX_TOKEN_LENGTH])


@lru_cache(maxsize=1)
def countries() -> Names:
    """Countries and territories (ISO 3166-1)."""
    return Names(_names()["countries"])


@lru_cache(maxsize=1)
def currencies() -> Names:
    """Currencies (ISO 4217)."""
    return Names(_names()["currencies"])


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
