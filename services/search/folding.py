"""Folding: one spelling for everything that a person types in different ways (case, accents, scripts, digits)."""

# ruff: noqa: RUF001, RUF002 - letters of many scripts, on purpose

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MAX_TEXT_LENGTH = 1_000
"""Characters of a value that are looked at; what is behind them isn't searchable."""

# Letters that Unicode doesn't decompose, and how they are typed without them.
_PLAIN = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t",
        "ŋ": "n", "ĸ": "k", "ə": "e", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ɛ": "e", "ɔ": "o", "ǝ": "e",
        # Arabic and Persian letters that are written for one another
        "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه",
        # Hebrew final forms: half a word ends in the ordinary one
        "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ",
    }
)  # fmt: skip
_EXPANDED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "ӓ": "ae", "ӧ": "oe", "ӱ": "ue"})
_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}

# Canonical combining classes of the marks that people leave out: overlays, nuktas, Hebrew, Arabic and Syriac
# points, accents. Not among them: vowel signs and viramas of Indic scripts, Thai and Lao vowels and tones, the
# voicing marks of kana: without those it is another word.
_DROPPED_CLASSES = frozenset({1, 7, *range(10, 37), *range(200, 241)})
_SHORT = 40
_TATWEEL = "\u0640"
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """``text`` without what neither PostgreSQL nor UTF-8 can hold: NUL and lone surrogates, shown as U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def storable_within(value: Any) -> Any:
    """The same of all texts in JSON."""
    if isinstance(value, str):
        return storable(value)
    if value is None:
        return None
    if isinstance(value, dict | Mapping):
        return {storable(str(key)): storable_within(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_within(item) for item in value]
    return value


def fold(text: str) -> tuple[str, ...]:
    """The one or two folded spellings of ``text``: without its accents, and with ``ü`` written ``ue`` and the like.

    White space comes out as single spaces, punctuation stays, control and formatting characters are gone. Takes the
    first ``MAX_TEXT_LENGTH`` characters only.
    """
    if text.isascii():
        return (_without_controls(text[:MAX_TEXT_LENGTH].lower()),)
    return _often(text) if len(text) <= _SHORT else _folded(text)


def _folded(text: str) -> tuple[str, ...]:
    composed = unicodedata.normalize("NFKC", text[:MAX_TEXT_LENGTH])[:MAX_TEXT_LENGTH].casefold()
    if composed.isascii():
        return (_without_controls(composed),)
    composed = unicodedata.normalize("NFC", composed)
    expanded = composed.translate(_EXPANDED)
    plain = _finish(composed)
    return (plain,) if expanded == composed else (plain, _finish(expanded))


# Names and cities come again and again.
_often = lru_cache(maxsize=8192)(_folded)


def _finish(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_PLAIN)).casefold()
    kept = (character for character in decomposed if unicodedata.combining(character) not in _DROPPED_CLASSES)
    recomposed = unicodedata.normalize("NFC", "".join(kept)).translate(_PLAIN).translate(_KATAKANA_TO_HIRAGANA)
    return _without_controls("".join(map(_ascii_digit, _VARIATION_SELECTORS.sub("", recomposed))))


@lru_cache(maxsize=2048)
def _ascii_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if unicodedata.category(character) == "Nd" else character


def _without_controls(text: str) -> str:
    """White space to one space each; controls, formatting, surrogates, unassigned and tatweel dropped."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(" " if character.isspace() else character for character in text if _is_visible(character))
    return " ".join(text.split())


@lru_cache(maxsize=2048)
def _is_visible(character: str) -> bool:
    return character.isspace() or (unicodedata.category(character)[0] != "C" and character != _TATWEEL)


@lru_cache(maxsize=2048)  # single characters: nobody's name
def is_word_character(character: str) -> bool:
    """Whether ``character`` (folded) is part of a word: letters, numbers and the marks that folding kept.

    Spacing modifiers (``ʿ ʾ ʻ``) count as apostrophes.
    """
    return unicodedata.category(character)[0] in "LNM" and not 0x02B0 <= ord(character) <= 0x02FF
