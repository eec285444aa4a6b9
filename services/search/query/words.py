"""Free words and phrases as nodes of the tree, with whatever else they may mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from services.search import phones
from services.search.folding import fold
from services.search.query import codes, dates
from services.search.query.tree import Either, Every, Node, Word
from services.search.text import MAX_TOKEN_LENGTH, query_forms, squeezed

_LONGEST_NAME = 5
"""Words of a country's or currency's name."""
_LONGEST_PHONE = 6
_LONGEST_CODE = 10
"""Letters and digits of a postal code written as two words."""


def word(typed: str, attributes: tuple[str, ...] = ()) -> Word:
    """One word, looked for in these attributes; none: in all."""
    forms = query_forms(typed)
    if phones.is_phone_like(typed) and (digits := phones.dialled(typed)) not in forms and digits:
        forms = (*forms, digits)
    return Word(typed, forms, attributes)


def phrase(typed: str, attributes: tuple[str, ...] = ()) -> Node:
    """Quoted words: whole ones, next to each other in this order, whatever the letter case and accents."""
    parts = typed.split()
    forms = query_forms(typed)
    whole = Word(typed, forms, attributes, exact=True)
    if len(parts) <= 2:
        return whole
    pairs = tuple(
        Word(f"{left} {right}", query_forms(left + right), attributes, exact=True) for left, right in pairwise(parts)
    )
    return Either((whole, Every(pairs)))


def run(typed: Sequence[str], today: date) -> Iterator[Node]:
    """Neighboring bare words, each of which must match; some of them together may mean one thing."""
    position = 0
    while position < len(typed):
        taken, node = _longest(typed[position:], today)
        yield node
        position += taken


def _longest(typed: Sequence[str], today: date) -> tuple[int, Node]:
    for length in range(min(len(typed), _LONGEST_PHONE), 1, -1):
        together = tuple(_together(typed[:length]))
        if together:
            return length, Either((Every(tuple(map(word, typed[:length]))), *together))
    return 1, alone(typed[0], today)


def alone(typed: str, today: date) -> Node:
    """A bare word, and the country, currency or day that it may name."""
    plain = word(typed)
    meanings: list[Node] = list(_named(typed, plain.forms))
    if days := dates.birthdates(typed, today):
        meanings.append(_birthdate(typed, days))
    return Either((plain, *meanings)) if meanings else plain


def _together(typed: Sequence[str]) -> Iterator[Node]:
    """What these words mean as one."""
    shown = " ".join(typed)
    if days := dates.spelled_birthdates(list(typed)):
        yield _birthdate(shown, days)
    forms = [squeezed(folded) for folded in fold("".join(typed))]
    if len(typed) <= _LONGEST_NAME:
        yield from (node for node in _named(shown, forms) if node.names == "word")
    folded = [fold(part)[0] for part in typed]
    if all(map(phones.is_phone_like, folded)):
        digits = phones.dialled(" ".join(folded))
        if phones.SHORTEST <= len(digits) <= phones.LONGEST:
            attributes = ("phone", "postal_code", "external_id") if len(typed) == 2 else ("phone",)
            yield Word(shown, (digits,), attributes)
            return
    if len(typed) == 2 and len(forms[0]) <= _LONGEST_CODE and _is_code(folded):
        yield Word(shown, (forms[0],), ("postal_code",))


def _is_code(folded: Sequence[str]) -> bool:
    """Whether two words may be the halves of a postal code: ``SW1A 1AA``, ``S4P 3Y2``, ``530 0001``, ``AD 500``."""
    return all(part.isascii() and part.isalnum() for part in folded) and any(
        character.isdigit() for character in folded[1]
    )


def _named(typed: str, forms: Sequence[str]) -> Iterator[Word]:
    for attribute, names in (("country", codes.countries()), ("currency", codes.currencies())):
        found = [named for form in forms if (named := names.find(form[:MAX_TOKEN_LENGTH]))]
        if found:
            best = min(found, key=lambda named: named.how != "word")
            if best.codes != tuple(forms):  # a code itself is a word like any other
                yield Word(typed, best.codes, (attribute,), exact=True, names=best.how)


def _birthdate(typed: str, days: Sequence[date]) -> Word:
    return Word(typed, tuple(day.isoformat() for day in days), ("birthdate",), exact=True)
