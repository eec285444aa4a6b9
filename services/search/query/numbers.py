"""Numbers that people type: how many, and how much money, as the limits of a range."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from services.search import amounts
from services.search.amounts import LARGEST
from services.search.columns import Column, Values, number_key
from services.search.query.codes import currencies, has_sign
from services.search.query.tree import Every, Node, Range, Within, Word
from services.search.text import query_forms

_COUNT = re.compile(r"\d{1,18}\Z", re.ASCII)
_AMOUNT = re.compile(
    r"(?P<before>[^\d\s.-]{1,20})?\s*(?P<number>-?\d{1,15}(?:\.\d{1,9})?)\s*(?P<behind>[^\d\s.-].{0,40})?\Z",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class _Number:
    """What is compared, and for an amount in which currency, where it says (folded codes)."""

    value: int
    currency: tuple[str, ...] = ()


def number_range(column: Column, operator: str, typed: str) -> Node | None:
    """What the comparison of a column of numbers means; None for what is no number. ``a..b``: from a to b.

    An amount without a currency is compared as a number; with one, of those whose amount is in it only.
    """
    read = _count if column.values is Values.COUNT else _amount
    if ".." in typed and operator in (":", "="):
        begin, _, end = typed.partition("..")
        return _between(column, read, begin.strip(), end.strip())
    found = read(typed.strip())
    if found is None:
        return None
    value = found.value
    low, high = {
        ">": (value + 1, None),
        ">=": (value, None),
        "<": (None, value),
        "<=": (None, value + 1),
    }.get(operator, (value, value + 1))
    return _node(column, low, high, found.currency)


def _between(column: Column, read: Callable[[str], _Number | None], begin: str, end: str) -> Node | None:
    low, high = (read(each) if each else None for each in (begin, end))
    if (begin and low is None) or (end and high is None) or not (begin or end):
        return None
    said = {found.currency for found in (low, high) if found is not None and found.currency}
    if len(said) > 1:
        return None
    currency = next(iter(said), ())
    return _node(column, None if low is None else low.value, None if high is None else high.value + 1, currency)


def _node(column: Column, low: int | None, high: int | None, currency: tuple[str, ...]) -> Node:
    compared = Range(column.name, None if low is None else number_key(low), None if high is None else number_key(high))
    if not currency:
        return compared
    return Every((compared, Within(Word(currency[0].upper(), currency, ("lifetime_currency",), exact=True))))


def _count(typed: str) -> _Number | None:
    return _Number(int(typed)) if _COUNT.match(typed) else None


def _amount(typed: str) -> _Number | None:
    found = _AMOUNT.match(typed)
    if found is None or (found["before"] and found["behind"]):
        return None
    value = amounts.parsed(found["number"])
    if value is None or abs(value) >= LARGEST:
        return None
    said = (found["before"] or found["behind"] or "").strip()
    if not said:
        return _Number(value)
    codes = currencies().find(said) or (query_forms(said)[:1] if len(said) == 3 and said.isascii() else ())
    return _Number(value, codes) if codes and (said.isalpha() or has_sign(said) or " " in said) else None
