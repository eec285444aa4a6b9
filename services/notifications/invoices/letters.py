"""Which letters a PDF can show. What a font lacks would be a box, and what has to be joined or turned would be wrong:
then there is no PDF, and that is said."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence

# Hebrew, Arabic and whatever else runs from right to left.
_TURNED = {"R", "AL", "AN"}
# Marks that stand where their letter has room for them: what is left of Latin, Greek and Cyrillic after NFC.
_SIMPLE_MARKS = range(0x300, 0x370)


def runs(text: str, fonts: Sequence[tuple[str, Collection[int]]]) -> list[tuple[str, str]]:
    """``text`` in parts, each with the first font (name and letters) that has all of it.

    Raises ValueError with the first letter that none has, or that can't be shown without shaping.
    """
    parts: list[tuple[str, str]] = []
    for letter in unicodedata.normalize("NFC", text):
        font = _font_of(letter, fonts)
        if parts and (parts[-1][0] == font or letter.isspace()):
            parts[-1] = (parts[-1][0], parts[-1][1] + letter)
        else:
            parts.append((font, letter))
    return parts


def _font_of(letter: str, fonts: Sequence[tuple[str, Collection[int]]]) -> str:
    if not _is_simple(letter):
        raise ValueError(letter)
    found = next(_having(letter, fonts), None)
    if found is None:
        raise ValueError(letter)
    return found


def _having(letter: str, fonts: Sequence[tuple[str, Collection[int]]]) -> Iterator[str]:
    return (name for name, letters in fonts if ord(letter) in letters)


def _is_simple(letter: str) -> bool:
    if unicodedata.bidirectional(letter) in _TURNED:
        return False
    kind = unicodedata.category(letter)
    if kind in ("Cf", "Cc", "Cs", "Co", "Cn"):
        return False
    return not kind.startswith("M") or ord(letter) in _SIMPLE_MARKS
