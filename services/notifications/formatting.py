"""Facts as a customer reads them: money, days and payment methods in their language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision

from services.notifications.cleaning import one_line

_MONEY = ("amount", "tax")
_DAYS = ("date", "access_until", "next_payment_date", "retry_date")
FACTS = (
    "offer", "previous_offer", *_MONEY, *_DAYS, "order_number", "transaction_id", "payment_method", "card_expiry",
    "reason", "invoice_number",
)  # fmt: skip
"""What a template may name, besides who it is for and from, and an invoice's lines."""
_BRANDS = {
    "visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "discover": "Discover",
    "diners": "Diners Club", "jcb": "JCB", "unionpay": "UnionPay", "sepa_debit": "SEPA",
    "paypal": "PayPal",
}  # fmt: skip


@lru_cache(maxsize=500)
def locale_for(tag: str | None, language: str) -> Locale:
    """How to write numbers and days: the customer's own locale if it is one of the mail's language, else that one's."""
    try:
        found = Locale.parse((tag or language).replace("_", "-")[:35], sep="-")
    except (ValueError, UnknownLocaleError, TypeError):
        return Locale(language)
    return found if found is not None and found.language == language else Locale(language)


@lru_cache(maxsize=500)
def zone_for(name: str) -> tzinfo:
    """The time zone of this IANA name; UTC for what is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def money(value: Mapping[str, Any], locale: Locale) -> str:
    """An amount in minor units, with as many decimals as its currency has (ISO 4217)."""
    currency = one_line(value["currency"], 3)
    digits = get_currency_precision(currency)
    return format_currency(Decimal(int(value["amount_minor"])).scaleb(-digits), currency, locale=locale)


def day(value: str, locale: Locale, zone: tzinfo) -> str:
    """A point in time, or a date, as a day."""
    if len(value) == 10:
        return format_date(date.fromisoformat(value), "long", locale=locale)
    moment = datetime.fromisoformat(value)
    return format_date(moment.astimezone(zone).date(), "long", locale=locale)


def month(value: str, locale: Locale) -> str:
    """A card's month, given as 2027-03."""
    return format_date(date.fromisoformat(f"{value}-01"), "MMMM y", locale=locale)


def payment_method(value: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Brand and last digits, such as Visa •••• 4242."""
    brand = str(value.get("brand") or "")
    name = _BRANDS.get(brand.lower(), one_line(brand.replace("_", " ").title(), 40)) or words["card"]
    last4 = value.get("last4")
    return f"{name} •••• {one_line(last4, 4)}" if last4 else name


def shown(facts: Mapping[str, Any], locale: Locale, zone: tzinfo, words: Mapping[str, str]) -> dict[str, str]:
    """Every fact as text; empty where it isn't known."""
    told = dict.fromkeys(FACTS, "")
    for name in FACTS:
        value = facts.get(name)
        if value is None or value == "":
            continue
        if name in _MONEY:
            told[name] = money(value, locale)
        elif name in _DAYS:
            told[name] = day(value, locale, zone)
        elif name == "payment_method":
            told[name] = payment_method(value, words)
        elif name == "card_expiry":
            told[name] = month(value, locale)
        else:
            told[name] = one_line(value)
    return told


def shown_lines(facts: Mapping[str, Any], locale: Locale) -> list[dict[str, str]]:
    """An invoice's lines."""
    return [
        {
            "description": one_line(line.get("description") or ""),
            "quantity": one_line(line.get("quantity") or 1, 20),
            "amount": money(line["amount"], locale),
        }
        for line in (facts.get("lines") or [])[:200]
    ]


def shown_totals(facts: Mapping[str, Any], locale: Locale, labels: Mapping[str, str]) -> list[dict[str, str]]:
    """An invoice's totals: net, tax by rate, and what is to be paid."""
    return [
        {
            "label": " ".join(filter(None, [labels.get(total["name"], ""), one_line(total.get("rate") or "", 20)])),
            "value": money(total["amount"], locale),
        }
        for total in (facts.get("totals") or [])[:20]
    ]
