"""Streets and cities: the words that people write in short in one place and in full in another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice, pairwise

from services.search.folding import fold
from services.search.text import (
    MAX_TOKEN_LENGTH,
    MAX_TOKENS,
    Kind,
    Tokens,
    merged,
    pieces,
    squeezed_spellings,
    word_tokens,
)

# Both spellings find each other.
_IN_CITIES = (
    "st saint",
    "st sankt",
    "st sint",
    "ste sainte",
    "sta santa",
    "sto santo",
    "mt mount",
    "ft fort",
    "pt port",
)
_IN_STREETS = (
    "st street",
    "ave avenue",
    "av avenue",
    "av avenida",
    "avda avenida",
    "rd road",
    "dr drive",
    "ln lane",
    "ct court",
    "pl place",
    "pl platz",
    "pl plac",
    "sq square",
    "blvd boulevard",
    "bd boulevard",
    "hwy highway",
    "pkwy parkway",
    "ter terrace",
    "cres crescent",
    "apt apartment",
    "fl floor",
    "ste suite",
    "str strasse",
    "str straat",
    "ul ulica",
    "ul ulitsa",
    "ул улица",
    "вул вулиця",
    "пр проспект",
    "просп проспект",
    "c calle",
    "r rua",
    "r rue",
    "v via",
    "n north",
    "s south",
    "e east",
    "w west",
)
_ENDINGS = (("strasse", "str"), ("straat", "str"), ("platz", "pl"), ("str", "strasse"), ("str", "straat"))
_SHORTEST_STEM = 3
_NUMBER_AND_LETTER = re.compile(r"(\d+)([a-z])\Z", re.ASCII)
_APOSTROPHES = re.compile("['\u2018\u2019]")

_Others = Callable[[str, str], Iterable[str]]
"""The other ways to write a (folded) word, given the one behind it."""


def _both_ways(pairs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    others: dict[str, tuple[str, ...]] = {}
    for short, long in map(str.split, pairs):
        others[short] = (*others.get(short, ()), long)
        others[long] = (*others.get(long, ()), short)
    return others


_OF_CITIES, _OF_STREETS = _both_ways(_IN_CITIES), _both_ways(_IN_STREETS)


def street_tokens(value: str) -> Tokens:
    """Tokens of a street line: its words, and the other way to write those that are often written in short."""
    return _tokens(value, _in_street)


def city_tokens(value: str) -> Tokens:
    """Tokens of a city: its words, and ``Saint`` for ``St.`` and the like."""
    return _tokens(value, _in_city)


def may_begin_in_street(line: str, squeezed: str) -> bool:
    """False only where no token of a street line begins with ``squeezed``."""
    return _may_begin(line, squeezed, _in_street)


def may_begin_in_city(city: str, squeezed: str) -> bool:
    """False only where no token of a city begins with ``squeezed``."""
    return _may_begin(city, squeezed, _in_city)


def _in_city(word: str, _following: str) -> Iterable[str]:
    return _OF_CITIES.get(word, ())


def _in_street(word: str, following: str) -> Iterable[str]:
    """The other ways to write a (folded) word; of ``invalidenstrasse`` also ``strasse``, which some write apart, as
    they do ``12a``.

    ``st`` is a saint's only before a name: there are far more streets.
    """
    yield from _OF_STREETS.get(word, ())
    if word != "st" or (len(following) > 2 and following.isalpha() and following not in _OF_STREETS):
        yield from _OF_CITIES.get(word, ())
    for ending, other in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _SHORTEST_STEM:
            yield from (stem + other, ending, other)
    if number := _NUMBER_AND_LETTER.match(word):
        yield from number.groups()


def _tokens(value: str, others_of: _Others) -> Tokens:
    tokens = word_tokens(value)
    found: Tokens = {}
    for spellings in map(partial(_spellings, others_of=others_of), fold(value)):
        for _, *others in spellings:
            found |= dict.fromkeys(others, Kind.WORD)
        # Next to each other as well, as in quotes: both spellings of each with both of its neighbor.
        for left, right in pairwise(spellings):
            if len(left) + len(right) > 2:
                found |= dict.fromkeys((one + other for one in left for other in right), Kind.WORD)
    room = MAX_TOKENS - len(tokens)
    return merged(
        (tokens, {token: kind for token, kind in islice(found.items(), room) if len(token) <= MAX_TOKEN_LENGTH})
    )


def _spellings(folded: str, others_of: _Others) -> list[tuple[str, ...]]:
    """Each word as it is, then in its other ways."""
    words = pieces(_APOSTROPHES.sub("", folded))
    following = [*words[1:], ""][: len(words)]  # none in a value of punctuation only
    return [(word, *others_of(word, after)) for word, after in zip(words, following, strict=True)]


def _may_begin(value: str, squeezed: str, others_of: _Others) -> bool:
    if any(squeezed in each for each in squeezed_spellings(value)):
        return True
    return any(len(each) > 1 for folded in fold(value) for each in _spellings(folded, others_of))
