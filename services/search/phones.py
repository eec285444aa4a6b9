"""Telephone numbers: the digits that people tell, with and without the code of the country.

Calling codes are those of ITU-T E.164: one digit for zones 1 and 7, two for those listed, three for all others.
"""

from __future__ import annotations

import re

SHORTEST, LONGEST = 4, 17
"""Digits of what is taken for a telephone number: short service numbers up to E.164's 15 behind ``00``."""

_TWO_DIGITS = frozenset(
    str(code)
    for first, last in ((20, 20), (27, 27), (30, 34), (36, 36), (39, 41), (43, 49), (51, 58), (60, 66), (81, 82))
    for code in range(first, last + 1)
) | {"84", "86", "90", "91", "92", "93", "94", "95", "98"}
_TRUNK = re.compile(r"\(0\)")
_NO_DIGIT = re.compile(r"\D+", re.ASCII)
_CHARACTERS = re.compile(r"\+?[\d ()./\-]+\Z", re.ASCII)


def is_phone_like(folded: str) -> bool:
    """Whether a (folded) word has nothing but what telephone numbers are written with, and a digit."""
    return bool(_CHARACTERS.match(folded)) and any(character.isdigit() for character in folded)


def spellings(folded: str) -> tuple[str, ...]:
    """The digit strings by which somebody may tell a (folded) number: as it is, and where it begins with the code of a
    country also as it is dialled inside that country, with and without the leading zero."""
    international = folded.lstrip().startswith(("+", "00"))
    found: tuple[str, ...]
    digits = _NO_DIGIT.sub("", _TRUNK.sub("", folded) if international else folded)
    if international:
        digits = digits.removeprefix("00")
        national = digits[_code_length(digits) :].removeprefix("0")
        found = (digits, national, f"0{national}") if len(national) >= SHORTEST else (digits,)
    else:
        found = (digits, digits.removeprefix("0"))
    return tuple(dict.fromkeys(spelling for spelling in found if len(spelling) >= SHORTEST))


def dialled(folded: str) -> str:
    """The digits of a number as somebody typed it, to be looked up: without ``00`` in place of ``+``, nor ``(0)``."""
    international = folded.lstrip("( ").startswith(("+", "00"))
    digits = _NO_DIGIT.sub("", _TRUNK.sub("", folded) if international else folded)
    return digits.removeprefix("00") if international else digits


def _code_length(digits: str) -> int:
    if digits[:1] in ("1", "7"):
        return 1
    return 2 if digits[:2] in _TWO_DIGITS else 3
