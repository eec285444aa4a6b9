"""Amounts of money as the reader writes them: exact, with the currency's own number of decimals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.numbers import NumberPattern, get_decimal_symbol, get_group_symbol

# Digits after the point where they aren't two: ISO 4217, list one. CLDR's differ, being those of prices in shops.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS_OF = {currency: digits for digits, names in _DIGITS.items() for currency in names.split()}
_SPACES = re.compile(r"[\s\u00a0\u202f'’]+")


def digits_of(currency: str) -> int:
    """How many digits a currency's amounts have after the point."""
    return _DIGITS_OF.get(currency, 2)


def formatted(money: Mapping[str, Any], locale: Locale) -> str:
    """An amount of the API (``amount_minor``, ``currency``) with the currency's sign, as the locale writes it."""
    currency = str(money["currency"])
    pattern = _pattern(locale, digits_of(currency))
    return str(pattern.apply(_major(money), locale, currency=currency, currency_digits=False))


def plain(money: Mapping[str, Any], locale: Locale) -> str:
    """An amount as one would type it into a field: ``11.77``, where the locale has a comma ``11,77``."""
    return f"{_major(money):f}".replace(".", _symbol(locale))


def typed(text: str, locale: Locale) -> str:
    """What was typed into a field as the API takes it: with a comma where the locale has one, ``1.234,56`` becomes
    ``1234.56``.

    A point before the last digits stays one (``1.500`` is never taken for a thousand), and what is no number stays as
    it is: the API says what is wrong with it.
    """
    text = _SPACES.sub("", text.strip())
    point, group = _symbol(locale), str(get_group_symbol(locale))
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return text
    groups = rf"[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})*|[0-9]+"
    if re.fullmatch(rf"(?:{groups})(?:{re.escape(point)}[0-9]+)?", text):
        return text.replace(group, "").replace(point, ".")
    return text


def _major(money: Mapping[str, Any]) -> Decimal:
    return Decimal(int(money["amount_minor"])).scaleb(-digits_of(str(money["currency"])))


def _symbol(locale: Locale) -> str:
    return str(get_decimal_symbol(locale))


@lru_cache(maxsize=1_000)
def _pattern(locale: Locale, digits: int) -> NumberPattern:
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    return pattern
