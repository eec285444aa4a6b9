"""Names in the letters a to z, as people write themselves in email addresses."""

from __future__ import annotations

import unicodedata


def _table(letters: str, romans: str) -> dict[str, str]:
    return dict(zip(letters, romans.split(), strict=True))


_LATIN = _table("ßæœøłđðþı", "ss ae oe o l d d th i")
_CYRILLIC = _table(
    "абвгґдеєёжзиіїйклмнопрстуфхцчшщъыьэюя",
    "a b v g g d e ie e zh z i i i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya",
)
_GREEK = _table("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o")
_GREEK_PAIRS = {"ου": "ou", "αυ": "av", "ευ": "ev"}
# Where a language has customs of its own.
_CUSTOMS = {
    "de": {"ä": "ae", "ö": "oe", "ü": "ue"},
    "da": {"å": "aa", "ø": "oe"},
    "uk": {"г": "h", "и": "y", "й": "i", "ю": "iu", "я": "ia"},
    "bg": {"ъ": "a", "х": "h", "щ": "sht"},
}


def romanize(text: str, language: str) -> str:
    """``text`` in a to z, after the custom of its language; "" where its script needs a dictionary (Han, Thai …)."""
    customs = _CUSTOMS.get(language, {})
    # й and ї are letters of their own, not и and і with a mark: before marks are taken off.
    spelled = "".join(
        customs.get(letter) or _CYRILLIC.get(letter, letter) for letter in unicodedata.normalize("NFC", text).lower()
    )
    plain = unicodedata.normalize("NFD", spelled)
    for pair, roman in _GREEK_PAIRS.items():
        plain = plain.replace(pair, roman)
    letters = "".join(_GREEK.get(letter) or _LATIN.get(letter, letter) for letter in plain)
    return "".join(letter for letter in letters if "a" <= letter <= "z")
