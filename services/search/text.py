"""The one normalizer: turns values into the tokens they are found by, and what is typed into what is looked up.

Index, projection and tests all use it; the engines only compare tokens. A token matches what is typed when it is
equal to it, begins with it, or differs from it by a typo; ``Kind`` says which of these count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from itertools import pairwise

from services.search import phones
from services.search.folding import MAX_TEXT_LENGTH, fold, is_word_character

NORMALIZER_VERSION = 5
"""Goes up whenever a value comes out as other tokens: an index made with another version has to be rebuilt."""

MAX_TOKEN_LENGTH = 128
"""Characters; longer tokens are cut, in values and queries alike, so they still find each other."""
MAX_TOKENS = 256
"""Tokens kept of one value."""
MIN_KEY_PREFIX = 12
"""Characters needed to find a ``KEY`` by its beginning: our IDs all begin alike."""


class Kind(IntEnum):
    """What a token can be found by; the stronger one first."""

    KEY = 1
    """Equal: an identifier. Prefix: from ``MIN_KEY_PREFIX`` characters."""
    WHOLE = 2
    """Equal: an identifier. Prefix: yes."""
    WORD = 3
    """Equal: a word. Prefix: yes. Typos: where its attribute allows them."""
    PART = 4
    """Prefix only: the rest of a run in a script without spaces, from each of its characters on; a number backwards."""
    EXACT = 5
    """Equal only: a code or a date, which nobody means by its beginning."""


Tokens = dict[str, Kind]

# People write these between words without a space; they are in no identifier.
_BETWEEN_WORDS = re.compile("[\\s,、。]+")
# Han, kana, Hangul, Thai, Lao, Khmer, Burmese: words, or first and last name, are written without a space.
_UNSPACED = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\uac00-\ud7af\u0e01-\u0e3a\u0e40-\u0e4e\u0e80-\u0eff\u1000-\u109f\u1780-\u17d3"
)
# What ``is_word_character`` says of ASCII, which most of what is indexed is.
_ASCII_PIECE = re.compile("[0-9A-Za-z]+")
_ASCII_SEPARATORS = "".join(chr(code) for code in range(128) if not chr(code).isalnum())
_NO_SEPARATORS = str.maketrans("", "", _ASCII_SEPARATORS)
_RUN = re.compile(f"[{_UNSPACED}]+")
_RUNS_AND_REST = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")


def words_typed(text: str) -> list[str]:
    """The words of what somebody typed, as typed, split at white space and commas."""
    return [word for word in _BETWEEN_WORDS.split(text) if word]


def query_forms(word: str) -> tuple[str, ...]:
    """What to look up for one typed word: as it is and without its punctuation, each in both foldings.

    Empty when it has no letter and no digit.
    """
    forms: dict[str, None] = {}
    for folded in fold(word):
        whole = "".join(_BETWEEN_WORDS.split(folded))
        for form in (_trimmed(whole), squeezed(whole)):
            if form:
                forms[form[:MAX_TOKEN_LENGTH]] = None
    return tuple(forms)


def word_tokens(value: str, *, joins: bool = True) -> Tokens:
    """Tokens of a name or another text: its words, the parts of hyphenated ones, and both written together.

    With ``joins``, neighboring words are also found written together (``Mary Ann`` by ``maryann``).
    """
    tokens: Tokens = {}
    for folded in fold(value):
        if folded.isascii() and folded.isalnum():  # one plain word, as nearly all names are
            _put(tokens, folded, Kind.WORD)
            continue
        chunks = [chunk for chunk in map(squeezed, _BETWEEN_WORDS.split(folded)) if chunk]
        found = pieces(folded)
        for chunk in chunks:
            _put(tokens, chunk, Kind.WORD)
        for piece in found:
            _put_piece(tokens, piece)
        if joins and len(found) > 1:
            for left, right in (*pairwise(found), *pairwise(chunks)):
                _put(tokens, left + right, Kind.WORD)
            _put(tokens, "".join(found), Kind.WORD)
    return tokens


def full_name_tokens(first: str, last: str) -> Tokens:
    """Tokens of a full name: first and last name written together, in both orders; none where one is missing.

    In a script without spaces each beginning and each rest of it is one too.
    """
    tokens: Tokens = {}
    folded_first, folded_last = fold(first), fold(last)
    for left, right in ((folded_last, folded_first), (folded_first, folded_last)):
        for position in range(max(len(left), len(right))):
            joined_left = squeezed(left[min(position, len(left) - 1)])
            joined_right = squeezed(right[min(position, len(right) - 1)])
            if not joined_left or not joined_right:
                continue
            together = joined_left + joined_right
            if together.isascii() or not _RUN.fullmatch(together):
                _put(tokens, together, Kind.WORD)
            else:
                _put_piece(tokens, together)
    return tokens


def is_spaced(name: str) -> bool:
    """Whether a name is written in a script that puts a space between its parts."""
    return name.isascii() or not any(_RUN.fullmatch(squeezed(folded)) for folded in fold(name))


def email_tokens(value: str) -> Tokens:
    """Tokens of an email address: the whole, the part before @ and its pieces, the domain and its labels.

    The last label (``com``) is left out: it would find everybody.
    """
    tokens: Tokens = {}
    for folded in fold(value):
        whole = _trimmed(folded.replace(" ", ""))
        local, _, domain = whole.rpartition("@")
        _put(tokens, whole, Kind.WHOLE)
        for token in (_trimmed(local), _trimmed(domain), *pieces(local), *_labels(domain)):
            _put(tokens, token, Kind.WORD)
    return tokens


def identifier_tokens(value: str) -> Tokens:
    """Tokens of an identifier somebody else gave: the whole, also without its separators; words when it has spaces."""
    tokens: Tokens = {}
    for folded in fold(value):
        chunks = [chunk for chunk in map(_trimmed, _BETWEEN_WORDS.split(folded)) if chunk]
        _put(tokens, squeezed(folded), Kind.WHOLE)
        for chunk in chunks:
            _put(tokens, chunk, Kind.WHOLE if len(chunks) == 1 else Kind.WORD)
    return tokens


def key_tokens(value: str) -> Tokens:
    """Tokens of an ID of ours (``cus_06gw…``): with and without what names its kind."""
    tokens: Tokens = {}
    for folded in fold(value):
        whole = _trimmed(folded.replace(" ", ""))
        for token in (whole, _trimmed(whole.partition("_")[2])):
            _put(tokens, token, Kind.KEY)
    return tokens


def code_tokens(value: str) -> Tokens:
    """Tokens of a postal code: without its space or dash, and its parts."""
    tokens: Tokens = {}
    for folded in fold(value):
        _put(tokens, squeezed(folded), Kind.WORD)
        for piece in pieces(folded):
            _put(tokens, piece, Kind.WORD)
    return tokens


def phone_tokens(value: str, countries: Iterable[str] = ()) -> Tokens:
    """Tokens of a telephone number: its digits, with and without the code of the country, and read from its end.

    ``countries`` (ISO 3166-1) are those that a number without a code may be of.
    """
    tokens: Tokens = {}
    for folded in fold(value):
        for spelling in phones.spellings(folded, countries):
            _put(tokens, spelling, Kind.WHOLE)
        _put(tokens, phones.backwards(folded), Kind.PART)
    return tokens


def exact_tokens(value: str) -> Tokens:
    """The one token of a code or a date."""
    tokens: Tokens = {}
    for folded in fold(value):
        _put(tokens, _trimmed(folded), Kind.EXACT)
    return tokens


def merged(groups: Iterable[Tokens]) -> Tokens:
    """All tokens of ``groups``, each with its strongest kind."""
    tokens: Tokens = {}
    for group in groups:
        for token, kind in group.items():
            _keep_strongest(tokens, token, kind)
    return tokens


def _put_piece(tokens: Tokens, piece: str) -> None:
    """A word; in a script without spaces also each run in it, and each rest of a run as a part."""
    _put(tokens, piece, Kind.WORD)
    if piece.isascii() or not _RUN.search(piece):
        return
    for run in _RUNS_AND_REST.findall(piece):
        _put(tokens, run, Kind.WORD)
        if _RUN.fullmatch(run):
            for start in range(1, len(run)):
                _put(tokens, run[start:], Kind.PART)


def _put(tokens: Tokens, token: str, kind: Kind) -> None:
    if token and len(tokens) < MAX_TOKENS:
        _keep_strongest(tokens, token[:MAX_TOKEN_LENGTH], kind)


def _keep_strongest(tokens: Tokens, token: str, kind: Kind) -> None:
    known = tokens.get(token)
    if known is None or kind < known:
        tokens[token] = kind


def pieces(text: str) -> list[str]:
    """The runs of letters and digits in ``text`` (folded)."""
    if text.isascii():
        return _ASCII_PIECE.findall(text)
    separated = "".join(character if is_word_character(character) else " " for character in text)
    return separated.split()


def squeezed(text: str) -> str:
    """The letters and digits of ``text`` (folded), nothing else."""
    return "".join(pieces(text))


def squeezed_spellings(value: str) -> tuple[str, ...]:
    """``value`` folded and squeezed, in each folding."""
    if value.isascii():
        return (value[:MAX_TEXT_LENGTH].lower().translate(_NO_SEPARATORS),)
    return tuple(map(squeezed, fold(value)))


def _labels(domain: str) -> Iterator[str]:
    labels = [label for label in map(_trimmed, domain.split(".")) if label]
    yield from labels[:-1] or labels


def _trimmed(text: str) -> str:
    """``text`` (folded) from its first letter or digit to its last."""
    if text.isascii():
        return text.strip(_ASCII_SEPARATORS)
    inside = [position for position, character in enumerate(text) if is_word_character(character)]
    return text[inside[0] : inside[-1] + 1] if inside else ""
