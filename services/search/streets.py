"""Street lines: the words that people write in short in one place and in full in another."""

from __future__ import annotations

from services.search.text import Kind, Tokens, merged, squeezed_spellings, word_tokens

# Both spellings find each other. Only what stands for one thing in a street line.
_PAIRS = (
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
_OTHER: dict[str, tuple[str, ...]] = {}
for _pair in _PAIRS:
    _short, _long = _pair.split()
    _OTHER[_short] = (*_OTHER.get(_short, ()), _long)
    _OTHER[_long] = (*_OTHER.get(_long, ()), _short)
_ENDINGS = (("strasse", "str"), ("str", "strasse"))
_SHORTEST_STEM = 3


_BEGINNINGS = frozenset(word[:length] for word in _OTHER for length in range(1, len(word) + 1))


def may_begin_in_street(line: str, squeezed: str) -> bool:
    """False only where no token of a street line begins with ``squeezed``."""
    if squeezed in _BEGINNINGS:
        return True
    stem = squeezed.removesuffix("asse").removesuffix("ass").removesuffix("as").removesuffix("a")
    return any(squeezed in each or stem in each for each in squeezed_spellings(line))


def street_tokens(value: str) -> Tokens:
    """Tokens of a street line: its words, and the other way to write those that are often written in short."""
    tokens = word_tokens(value)
    others: Tokens = {}
    for token, kind in tokens.items():
        if kind is Kind.WORD:
            for other in _OTHER.get(token, ()):
                others[other] = Kind.WORD
            for ending, other in _ENDINGS:
                if token.endswith(ending) and len(token) - len(ending) >= _SHORTEST_STEM:
                    others[token.removesuffix(ending) + other] = Kind.WORD
    return merged((tokens, others)) if others else tokens
