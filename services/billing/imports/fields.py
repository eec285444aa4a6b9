"""The fields that a column can become, and how a cell's text becomes their value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from marshmallow import ValidationError

from servicekit.ids import is_id
from servicekit.imports.cells import as_moment, as_text
from servicekit.imports.headings import plain
from servicekit.web.fields import Moment, Text
from services.billing.calendar_rules import MOST_COUNT
from services.billing.models.offers import KINDS
from services.billing.models.transactions import CHANNELS
from services.billing.money import MOST_MINOR, NotAnAmount, currencies, parse_amount
from services.billing.schemas.offers import Percent

CUSTOMER = ("customer_id", "customer_external_id", "customer_external_id_source", "customer_email")
CUSTOMER_EXTERNAL_IDS = "customer_external_ids."
OWN_SOURCE = "publisher"
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")
_TOKEN = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_PERIOD = re.compile(r"(?:p ?)?(\d{1,4})? ?(day|week|month|year|d|w|m|y)s?\Z", re.ASCII)
_PERIODS = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "3 months", "yearly": "year",
            "annually": "year", "annual": "year", "half yearly": "6 months"}  # fmt: skip
_EXPIRY = re.compile(r"(?:(0?[1-9]|1[0-2]) ?[/.-] ?(20\d\d|\d\d)|(20\d\d) ?[/.-] ?(0?[1-9]|1[0-2]))\Z", re.ASCII)
_UNITS = {"d": "day", "w": "week", "m": "month", "y": "year"}
_TRANSACTION = {
    "succeeded": "succeeded, success, successful, paid, complete, completed, settled, captured, ok",
    "failed": "failed, failure, declined, error",
    "cancelled": "cancelled, canceled, voided, void",
    "refunded": "refunded, refund, full refund, reversed",
    "partially_refunded": "partially refunded, partial refund, partially refund",
}
_SUBSCRIPTION = {
    "active": "active, running",
    "trialing": "trialing, trial, in trial",
    "past_due": "past due, unpaid, on hold, in grace period",
    "cancelled": "cancelled, canceled, stopped, non renewing, cancel at period end",
    "expired": "expired, ended, incomplete expired, finished",
}
_OPEN = {"pending", "processing", "incomplete", "requires payment method", "requires action", "requires capture",
         "requires confirmation", "uncaptured", "open"}  # fmt: skip


def _by_spelling(table: Mapping[str, str]) -> dict[str, str]:
    return {spelled: status for status, names in table.items() for spelled in names.split(", ")}


_TRANSACTION_STATUS, _SUBSCRIPTION_STATUS = _by_spelling(_TRANSACTION), _by_spelling(_SUBSCRIPTION)
_moment, _percent = Moment(), Percent()


@lru_cache(maxsize=5000)
def load_moment(value: Any) -> datetime:
    """A time as exports write it. Raises ValidationError."""
    loaded: datetime = _moment.deserialize(as_moment(value))
    if loaded.year < 1970:
        raise ValidationError("Before 1970.")
    return loaded


def text_of(length: int) -> Callable[[Any], str]:
    """A line of text of at most this many characters."""
    field = Text(max_length=length)

    def load(value: Any) -> str:
        if type(value) is str and value.isascii() and value.isprintable():
            text = value.strip()
            if 0 < len(text) <= length:
                return text  # as the field would have it, which takes ten times as long
        return str(field.deserialize(as_text(value)))

    return load


def load_decimal(value: Any) -> str:
    """An amount as text, to be read once its currency is known. Raises ValidationError."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValidationError("Not an amount such as 12.99.")
    return value.strip() if isinstance(value, str) else str(value)


@lru_cache(maxsize=20_000)
def minor_units(text: str, currency: str) -> int:
    """An amount's minor units. Raises ValidationError."""
    try:
        minor = parse_amount(text, currency)
    except NotAnAmount as error:
        raise ValidationError(str(error)) from None
    if minor < 0:
        raise ValidationError("Negative. What was given back belongs in the field refunded of what was paid.")
    if minor > MOST_MINOR:
        raise ValidationError("Larger than any amount taken here.")
    return minor


@lru_cache(maxsize=500)
def load_currency(value: Any) -> str:
    """An ISO 4217 code in any letter case. Raises ValidationError."""
    code = str(value).strip()[:4].upper()
    if code not in currencies():
        raise ValidationError("Not a currency's three-letter code (ISO 4217), such as EUR.")
    return code


def load_period(value: Any) -> dict[str, Any]:
    """``month``, ``3 months``, ``yearly``, ``P1M``. Raises ValidationError."""
    text = plain(str(value))
    match = _PERIOD.match(_PERIODS.get(text, text))
    if match is None:
        raise ValidationError("Not a period such as month, 3 months or year.")
    unit, count = _UNITS.get(match[2], match[2]), int(match[1] or 1)
    if not 1 <= count <= MOST_COUNT[unit]:
        raise ValidationError("Not between one day and ten years.")
    return {"unit": unit, "count": count}


def load_transaction_status(value: Any) -> str:
    """What became of a payment, in the words of several systems. Raises ValidationError."""
    text = plain(str(value))
    if text in _OPEN:
        raise ValidationError("Not settled yet. Import it when it has succeeded or failed.")
    return _known(_TRANSACTION_STATUS, text, _TRANSACTION)


def load_subscription_status(value: Any) -> str:
    """How a subscription is, in the words of several systems. Raises ValidationError."""
    return _known(_SUBSCRIPTION_STATUS, plain(str(value)), _SUBSCRIPTION)


def load_channel(value: Any) -> str:
    """Where the customer pays. Raises ValidationError."""
    spelled = {"app store": "apple", "ios": "apple", "itunes": "apple", "play": "google", "google play": "google",
               "android": "google", "google_play": "google"}  # fmt: skip
    text = plain(str(value))
    return _one_of(CHANNELS)(spelled.get(text, text))


def load_provider(value: Any) -> str:
    """The name of a payment provider. Raises ValidationError."""
    text = str(value).strip().lower()
    if not _TOKEN.match(text):
        raise ValidationError("Not the name of a provider such as stripe.")
    return text


def load_source(value: Any) -> str:
    """The source of a customer's external ID. Raises ValidationError."""
    text = str(value).strip()
    if not _SOURCE.match(text):
        raise ValidationError("Not the source of an ID, such as crm: lower-case letters, digits, . _ -")
    return text


def load_customer_email(value: Any) -> str:
    """What makes two addresses the same login."""
    return _address(value).casefold()


def load_days(value: Any) -> int:
    """A number of days up to a year. Raises ValidationError."""
    text = str(value).strip()
    if not text.isascii() or not text.isdigit() or len(text) > 3 or int(text) > 366:
        raise ValidationError("Not a number of days from 0 to 366.")
    return int(text)


def load_last4(value: Any) -> str:
    """A card's last four digits; spreadsheets drop leading zeros. Raises ValidationError."""
    text = str(value).strip().zfill(4)
    if len(text) != 4 or not text.isascii() or not text.isdigit():
        raise ValidationError("Not four digits.")
    return text


def load_expiry(value: Any) -> tuple[int, int]:
    """A card's last month: year and month. Raises ValidationError."""
    match = _EXPIRY.match(str(value).strip())
    if match is None:
        raise ValidationError("Not a card's last month such as 08/2030.")
    month, year = int(match[1] or match[4]), int(match[2] or match[3])
    return (year if year > 99 else 2000 + year, month)


def _load_percent(value: Any) -> Decimal:
    return cast("Decimal", _percent.deserialize(load_decimal(value).removesuffix("%").strip()))


def _one_of(values: tuple[str, ...]) -> Callable[[Any], str]:
    def load(value: Any) -> str:
        text = plain(str(value)).replace(" ", "_")
        if text not in values:
            raise ValidationError(f"Not one of {', '.join(values)}.")
        return text

    return load


def _known(spellings: Mapping[str, str], text: str, table: Mapping[str, str]) -> str:
    if text not in spellings:
        raise ValidationError(f"Not one of {', '.join(table)}.")
    return spellings[text]


_address = text_of(254)
_ID = text_of(200)
Load = Callable[[Any], Any]
_OF_CUSTOMER: Mapping[str, Load] = {
    "customer_id": _ID,
    "customer_external_id": _ID,
    "customer_external_id_source": load_source,
    "customer_email": load_customer_email,
}
OFFERS: Mapping[str, Load] = {
    "external_id": _ID,
    "name": text_of(200),
    "kind": _one_of(KINDS),
    "status": _one_of(("active", "retired")),
    "price": load_decimal,
    "currency": load_currency,
    "tax_percent": _load_percent,
    "period": load_period,
    "trial_days": load_days,
}
SUBSCRIPTIONS: Mapping[str, Load] = {
    **_OF_CUSTOMER,
    "external_id": _ID,
    "offer": _ID,
    "status": load_subscription_status,
    "channel": load_channel,
    "provider": load_provider,
    "payment_method": _ID,
    "started_at": load_moment,
    "current_period_end": load_moment,
    "price": load_decimal,
    "currency": load_currency,
    "period": load_period,
    "card_brand": text_of(40),
    "card_last4": load_last4,
    "card_expiry": load_expiry,
}
TRANSACTIONS: Mapping[str, Load] = {
    **_OF_CUSTOMER,
    "external_order_id": _ID,
    "created_at": load_moment,
    "amount": load_decimal,
    "currency": load_currency,
    "status": load_transaction_status,
    "refunded": load_decimal,
    "tax": load_decimal,
    "tax_percent": _load_percent,
    "kind": _one_of(("purchase", "renewal", "switch")),
    "offer": _ID,
    "channel": load_channel,
    "provider": load_provider,
    "provider_reference": _ID,
    "subscription_external_id": _ID,
    "card_brand": text_of(40),
    "card_last4": load_last4,
}


def is_customer_id(text: str) -> bool:
    """Whether this is one of our own IDs; else it is the publisher's."""
    return is_id(text, "cus")
