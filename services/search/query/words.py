"""Free words and phrases as nodes of the tree, with whatever else they may mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import TypeAlias

from services.search import phones
from services.search.folding import fold
from services.search.query import codes, dates
from services.search.query.tree import Bought, Either, Every, Node, Word
from services.search.text import query_forms, squeezed

_LONGEST_NAME = 5
"""Words of a country's or currency's name."""
_LONGEST_GROUP = 7
_MOST_READINGS = 16
_LONGEST_HALF, _LETTERS_OF_A_CODE = 5, 2
"""Of a postal code written as two words: characters of a half, letters of one without a digit."""

_WITH_A_COUNTRY = re.compile(r"[a-z]{1,3}-(\d{4,6})\Z", re.ASCII)
"""A postal code as in ``D-10115``."""

_Group: TypeAlias = tuple[int, int, Node]
"""Words from the first to before the second, and what they mean as one."""


TRANSACTION_ID, ORDER_ID, REFERENCE = "transaction_id", "external_order_id", "provider_reference"
OF_TRANSACTIONS = (TRANSACTION_ID, ORDER_ID, REFERENCE)
"""The attributes of transactions (``transactions``)."""
_SHORTEST_ID, _SHORTEST_BEGUN_ID = 5, 6
"""Letters and digits of a word from which it may be a transaction's ID, and the beginning of one."""


def bought(typed: str, attributes: tuple[str, ...] = OF_TRANSACTIONS, *, exact: bool = False) -> Bought:
    """The transactions that have this ID, or, unless ``exact``, one that begins so."""
    return Bought(Word(typed, query_forms(typed), attributes, exact=exact, spelled=True))


def _may_be_of_transaction(typed: str, *, exact: bool, today: date) -> Iterator[Bought]:
    """What looks like an ID may be a transaction's: letters and digits without a space, a digit among them, no day,
    no email address."""
    short = squeezed(fold(typed)[0])
    if len(short) < _SHORTEST_ID or not any(map(str.isdigit, short)) or "@" in typed or len(typed.split()) > 1:
        return
    if not dates.birthdates(typed, today):
        yield bought(typed, exact=exact or len(short) < _SHORTEST_BEGUN_ID)


def word(typed: str, attributes: tuple[str, ...] = ()) -> Word:
    """One word, looked for in these attributes; none: in all. Where they are named, it is spelled right."""
    forms = query_forms(typed)
    if "phone" in attributes:
        shortest = phones.SHORTEST if attributes == ("phone",) else phones.FULL
        forms = tuple(dict.fromkeys((*forms, *phones.dialled(fold(typed)[0], shortest=shortest))))
    return Word(typed, forms, attributes, spelled=bool(attributes))


def phrase(typed: str, attributes: tuple[str, ...] = (), *, today: date | None = None) -> Node:
    """Quoted words: whole ones, next to each other in this order, whatever the letter case and accents."""
    parts = typed.split()
    meanings: list[Node] = [Word(typed, query_forms(typed), attributes, exact=True)]
    if len(parts) > 2:
        pairs = pairwise(parts)
        meanings.append(
            Every(
                tuple(
                    Word(f"{left} {right}", query_forms(left + right), attributes, exact=True) for left, right in pairs
                )
            )
        )
    if (not attributes or "phone" in attributes) and (numbers := phones.dialled(fold(typed)[0])):
        meanings.append(Word(typed, numbers, ("phone",), exact=True))
    if not attributes:
        meanings += _named(typed, query_forms(typed))
        meanings += _may_be_of_transaction(typed, exact=True, today=today) if today else ()
    return meanings[0] if len(meanings) == 1 else Either(tuple(meanings))


def run(typed: Sequence[str], today: date) -> Iterator[Node]:
    """Neighboring bare words, each of which must match; some of them together may mean one thing."""
    words = [each for each in typed if _says_something(each)] or list(typed)
    groups = [
        (start, start + length, Either(together) if len(together) > 1 else together[0])
        for start in range(len(words))
        for length in range(2, min(_LONGEST_GROUP, len(words) - start) + 1)
        if (together := tuple(_together(words[start : start + length], today)))
    ]
    position = 0
    while position < len(words):
        end = _island(position, groups)
        if end == position + 1:
            yield alone(words[position], today)
        else:
            inside = [group for group in groups if position <= group[0] and group[1] <= end]
            yield Either(tuple(_readings(words, position, end, inside, today)))
        position = end


def _island(position: int, groups: Sequence[_Group]) -> int:
    """Where the words end that groups beginning at ``position`` hang together with."""
    end = position + 1
    for start, stop, _ in groups:  # in the order of their beginnings
        if position <= start < end:
            end = max(end, stop)
    return end


def _readings(words: Sequence[str], first: int, end: int, groups: Sequence[_Group], today: date) -> Iterator[Node]:
    """Each word by itself; then with one group, the longest first; then with two. No reading takes another's place."""
    choices: list[tuple[_Group, ...]] = [()]
    by_length = sorted(groups, key=lambda group: group[0] - group[1])
    choices += [(group,) for group in by_length]
    choices += [(left, right) for left in by_length for right in by_length if left[1] <= right[0]]
    for chosen in choices[:_MOST_READINGS]:
        parts: list[Node] = []
        position = first
        for start, stop, node in (*chosen, (end, end, None)):
            parts += [alone(each, today) for each in words[position:start]]
            parts += [node] if node is not None else []
            position = stop
        yield parts[0] if len(parts) == 1 else Every(tuple(parts))


def alone(typed: str, today: date) -> Node:
    """A bare word, and the country, currency, day or telephone number that it may mean."""
    plain = word(typed)
    meanings: list[Node] = list(_named(typed, plain.forms))
    if meanings and codes.has_sign(typed):  # US$ says nothing of the country
        return meanings[0]
    if days := dates.birthdates(typed, today):
        meanings.append(_birthdate(typed, days))
    if found := _WITH_A_COUNTRY.match(fold(typed)[0]):
        meanings.append(Word(typed, (found[1],), ("postal_code",)))
    if numbers := tuple(each for each in phones.dialled(fold(typed)[0]) if each not in plain.forms):
        meanings.append(Word(typed, numbers, ("phone",)))
    others = (*meanings, *_may_be_of_transaction(typed, exact=False, today=today))
    return Either((plain, *others)) if others else plain


def _says_something(typed: str) -> bool:
    """Whether it has a letter or a digit, or is the sign of a currency."""
    return bool(query_forms(typed)) or bool(codes.currencies().find(typed))


def _together(typed: Sequence[str], today: date) -> Iterator[Node]:
    """What these words mean as one."""
    shown = " ".join(typed)
    if days := dates.birthdates(shown, today):
        yield _birthdate(shown, days)
    forms = [squeezed(folded) for folded in fold("".join(typed))]
    if len(typed) <= _LONGEST_NAME:
        yield from _named(shown, forms)
    folded = [fold(part)[0] for part in typed]
    if all(map(phones.is_phone_like, folded)):
        if numbers := phones.dialled(" ".join(folded), shortest=phones.SHORTEST):
            yield Word(shown, numbers, ("phone", "postal_code", "external_id") if len(typed) == 2 else ("phone",))
    elif len(typed) == 2 and _is_code(folded):
        yield Word(shown, (forms[0],), ("postal_code",))


def _is_code(folded: Sequence[str]) -> bool:
    """Whether two words may be the halves of a postal code: ``SW1A 1AA``, ``S4P 3Y2``, ``1234 AB``, ``AD 500``."""
    letters_only = [part for part in folded if not any(character.isdigit() for character in part)]
    return (
        all(part.isascii() and part.isalnum() and len(part) <= _LONGEST_HALF for part in folded)
        and len(letters_only) < len(folded)
        and all(len(part) <= _LETTERS_OF_A_CODE for part in letters_only)
    )


def _named(typed: str, forms: Sequence[str]) -> Iterator[Word]:
    for attribute, names in (("country", codes.countries()), ("currency", codes.currencies())):
        found = names.find(typed)
        if found and found != tuple(forms):  # a code itself is a word like any other
            yield Word(typed, found, (attribute,), exact=True, names="word")


def _birthdate(typed: str, days: Sequence[date]) -> Word:
    return Word(typed, tuple(day.isoformat() for day in days), ("birthdate",), exact=True)
