"""Money: whole minor units and an ISO 4217 currency, never a fraction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from babel.numbers import list_currencies

MOST_MINOR = 10**15
"""Above this no single amount is taken: it is a mistake."""

# Digits after the point where they aren't two: ISO 4217, list one (SIX Financial Information, the maintenance agency).
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS_OF = {currency: digits for digits, names in _DIGITS.items() for currency in names.split()}
# Precious metals, funds, tests and no currency at all: nobody pays a bill with these.
_NO_MONEY = "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX XRE XFO XFU"
_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,10})?\Z", re.ASCII)


class UnknownCurrency(ValueError):
    """Not a currency's ISO 4217 code."""


class NotAnAmount(ValueError):
    """The text is no amount of this currency; the message says why."""


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """Three-letter codes of currencies in which something can be paid, past ones included."""
    return frozenset(list_currencies()) - set(_NO_MONEY.split())


def digits_of(currency: str) -> int:
    """How many digits a currency's amounts have after the point. Raises UnknownCurrency."""
    if currency not in currencies():
        raise UnknownCurrency(f"{currency[:10]!r} is not a currency (ISO 4217)")
    return _DIGITS_OF.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the minor units of its currency."""

    amount_minor: int
    currency: str

    def __str__(self) -> str:
        """For sentences: ``12.99 EUR``."""
        return f"{self.decimal} {self.currency}"

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, with all of its digits."""
        return Decimal(self.amount_minor).scaleb(-digits_of(self.currency))

    def as_json(self) -> dict[str, object]:
        """As answers and events have it."""
        return {"amount_minor": self.amount_minor, "currency": self.currency}


def parse_amount(text: str, currency: str) -> int:
    """Minor units of an amount in major units such as ``12.99``: exact, or refused.

    Raises UnknownCurrency; NotAnAmount for what is no plain decimal number, has more digits than the currency, or is
    larger than ``MOST_MINOR``.
    """
    digits = digits_of(currency)
    if not _DECIMAL.match(text):
        raise NotAnAmount("Not an amount such as 12.99: digits, with a point before the decimals.")
    scaled = Decimal(text).scaleb(digits)
    if scaled != scaled.to_integral_value():
        allowed = "no decimals" if digits == 0 else f"at most {digits} decimals"
        raise NotAnAmount(f"Too many decimals: {currency} has {allowed}.")
    if abs(scaled) > MOST_MINOR:
        raise NotAnAmount("Larger than any amount taken here.")
    return int(scaled)


def tax_in(amount_minor: int, tax_percent: Decimal) -> int:
    """The tax, in minor units, that an amount including it contains; rounded half to even."""
    share = Decimal(amount_minor) * tax_percent / (100 + tax_percent)
    return int(share.to_integral_value(rounding=ROUND_HALF_EVEN))


def share_of(amount_minor: int, part: int, whole: int) -> int:
    """``amount_minor`` × ``part`` / ``whole`` in minor units, rounded half to even: for proration."""
    return int((Decimal(amount_minor) * part / whole).to_integral_value(rounding=ROUND_HALF_EVEN))
