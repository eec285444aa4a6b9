"""Amounts of money as numbers that can be compared: thousandths of a currency's unit, as no common one has more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

DIGITS = 3
"""Digits behind the point that count."""
# Of a currency where they aren't two: ISO 4217, list one.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS_OF = {currency: digits for digits, names in _DIGITS.items() for currency in names.split()}
LARGEST = 9 * 10**18
"""What is more than this counts as this: a number of 64 bits."""


def thousandths(amount_minor: int, currency: str) -> int:
    """An amount in minor units (ISO 4217) as thousandths of the unit; cut where the currency has smaller ones."""
    shift = DIGITS - _DIGITS_OF.get(currency, 2)
    scaled: int = amount_minor * 10**shift if shift >= 0 else amount_minor // 10**-shift
    return max(-LARGEST, min(scaled, LARGEST))


def main_amount(amounts: Iterable[Mapping[str, Any]], currency: str | None) -> tuple[int, str] | None:
    """The one of several currencies' amounts that a person is compared by, and its currency; None without any.

    That in ``currency``, the person's own, else the largest in number, of equals the first by its code.
    """
    found = sorted((-thousandths(each["amount_minor"], each["currency"]), each["currency"]) for each in amounts)
    if not found:
        return None
    amount, chosen = next((each for each in found if each[1] == currency), found[0])
    return -amount, chosen


def parsed(text: str) -> int | None:
    """Thousandths of what is written as a number with a point; None for what is none, or has more digits."""
    scaled = Decimal(text).scaleb(DIGITS)
    return int(scaled) if scaled == scaled.to_integral_value() else None
