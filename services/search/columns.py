"""Columns: what customers can be sorted by, and what ranges and emptiness are asked of.

Each has one key for a customer, a text whose byte order is the order of the values; both engines keep just these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

from servicekit.clock import rfc3339
from services.search.amounts import main_amount
from services.search.folding import fold

State = Mapping[str, Any]
_ZERO = 10**19
"""Added to a number for its key, so that none of 64 bits is negative."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_KEY = 100
"""Characters of a key; values that begin alike for longer are sorted as equal, then by customer ID."""


class Values(Enum):
    """What a column's values are, and so how its ranges are written."""

    TEXT = "text"
    DAY = "day"
    """``1985-03-12``."""
    MOMENT = "moment"
    """RFC 3339 in UTC with microseconds."""
    COUNT = "count"
    """How many there are; none is 0, never empty."""
    AMOUNT = "amount"
    """Thousandths of a currency's unit (``amounts``)."""


@dataclass(frozen=True, slots=True)
class Column:
    """``number`` stands for it in PostgreSQL: never changed, never given to another.

    ``shown``: its field in the answer. ``personal``: says who somebody is (see ``documents.Attribute``).
    """

    number: int
    name: str
    values: Values
    raw: Callable[[State], object]
    shown: str
    personal: bool = True

    @property
    def is_text(self) -> bool:
        """Whether its ranges go by letters."""
        return self.values is Values.TEXT

    @property
    def is_dated(self) -> bool:
        """Whether its values are days or moments."""
        return self.values in (Values.DAY, Values.MOMENT)

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.values in (Values.COUNT, Values.AMOUNT)

    def key(self, state: State) -> str | None:
        """What ``state`` is sorted by; None where it is empty."""
        value = self.raw(state)
        if self.is_number:
            return number_key(value) if isinstance(value, int) else None
        if not isinstance(value, str) or not value:
            return None
        if self.values is not Values.TEXT:
            return _canonical(value, self.values)
        return fold(value)[0][:LONGEST_KEY] or None


def _canonical(value: str, values: Values) -> str | None:
    """A day's or moment's one form; None for what is none, which counts as empty."""
    try:
        if values is Values.DAY:
            return date.fromisoformat(value).isoformat()
        return rfc3339(datetime.fromisoformat(value))
    except ValueError:
        return None


def number_key(number: int) -> str:
    """A number's key; texts of one length, so that their order is that of the numbers."""
    return f"{number + _ZERO:020}"


def _count(name: str) -> Callable[[State], object]:
    return lambda state: state.get(name) or 0


def _flag(name: str) -> Callable[[State], object]:
    return lambda state: "yes" if state.get(name) else None


def _method(state: State) -> object:
    """The brand, or the kind where there is none; its number says who somebody is, so nothing goes by that."""
    method = state.get("last_payment_method") or {}
    return method.get("brand") or method.get("kind")


def _lifetime_value(state: State) -> object:
    found = main_amount(state.get("lifetime_value") or (), state.get("currency"))
    return None if found is None else found[0]


def lifetime_currency(state: State) -> str | None:
    """The currency in which a customer's lifetime value is compared with others'."""
    found = main_amount(state.get("lifetime_value") or (), state.get("currency"))
    return None if found is None else found[1]


def _field(name: str) -> Callable[[State], object]:
    return lambda state: state.get(name)


def _address(part: str) -> Callable[[State], object]:
    return lambda state: (state.get("address") or {}).get(part)


def _external_id(state: State) -> object:
    return next((entry.get("id") for entry in state.get("external_ids") or ()), None)


def _flags(state: State) -> object:
    """All of them in one: those with the same flags stand together."""
    return " ".join(sorted(state.get("flags") or ()))


def _account(number: int, name: str, values: Values, raw: Callable[[State], object] | None = None) -> Column:
    """One of billing's, none of which says who somebody is."""
    return Column(number, name, values, raw or _field(name), name, personal=False)


COLUMNS = (
    Column(1, "email", Values.TEXT, _field("email"), "email"),
    Column(2, "first_name", Values.TEXT, _field("first_name"), "first_name"),
    Column(3, "last_name", Values.TEXT, _field("last_name"), "last_name"),
    Column(4, "company", Values.TEXT, _field("company"), "company"),
    Column(5, "country", Values.TEXT, _field("country"), "country", personal=False),
    Column(6, "language", Values.TEXT, _field("language"), "language", personal=False),
    Column(7, "currency", Values.TEXT, _field("currency"), "currency", personal=False),
    Column(8, "street", Values.TEXT, _address("line1"), "address"),
    Column(9, "city", Values.TEXT, _address("city"), "address"),
    Column(10, "state", Values.TEXT, _address("state"), "address"),
    Column(11, "postal_code", Values.TEXT, _address("postal_code"), "address"),
    Column(12, "phone", Values.TEXT, _field("phone"), "phone"),
    Column(13, "birthdate", Values.DAY, _field("birthdate"), "birthdate"),
    Column(14, "external_id", Values.TEXT, _external_id, "external_ids"),
    Column(15, "status", Values.TEXT, _field("status"), "status", personal=False),
    Column(16, "registered_at", Values.MOMENT, _field("registered_at"), "registered_at", personal=False),
    Column(17, "last_login_at", Values.MOMENT, _field("last_login_at"), "last_login_at", personal=False),
    # Billing's: up to 39.
    _account(18, "transactions_count", Values.COUNT, _count("transactions_count")),
    _account(19, "last_payment_method", Values.TEXT, _method),
    _account(20, "subscription_status", Values.TEXT),
    _account(21, "active_subscriptions", Values.COUNT, _count("active_subscriptions")),
    _account(22, "next_payment_at", Values.MOMENT),
    _account(23, "lifetime_value", Values.AMOUNT, _lifetime_value),
    _account(24, "first_transaction_at", Values.MOMENT),
    _account(25, "last_transaction_at", Values.MOMENT),
    _account(26, "first_channel", Values.TEXT),
    _account(27, "last_channel", Values.TEXT),
    _account(28, "has_access", Values.TEXT, _flag("has_access")),
    _account(29, "access_until", Values.MOMENT),
    # Notes': up to 49.
    Column(40, "notes_count", Values.COUNT, _count("notes_count"), "notes_count", personal=False),
    Column(41, "flags", Values.TEXT, _flags, "flags", personal=False),
    Column(42, "last_note_at", Values.MOMENT, _field("last_note_at"), "last_note_at", personal=False),
)
BY_COLUMN = {column.name: column for column in COLUMNS}
BY_COLUMN_NUMBER = {column.number: column for column in COLUMNS}
MOST_COLUMNS = max(column.number for column in COLUMNS)
OFTEN_SORTED = ("email", "last_name", "registered_at", "last_login_at", "transactions_count", "lifetime_value")
"""Those that a whole list is sorted by most: PostgreSQL keeps an index of each."""


@dataclass(frozen=True, slots=True)
class Order:
    """Sorted by a column's keys, then by customer ID, both in this direction; empty ones last in either."""

    column: str
    descending: bool = False


def number_of(column: Column, key: str) -> int:
    """A key that is no text's as a number in the same order: itself, of days, or of microseconds since 1970."""
    if column.is_number:
        return int(key) - _ZERO
    if column.values is Values.DAY:
        return date.fromisoformat(key).toordinal()
    return (datetime.fromisoformat(key) - _EPOCH) // timedelta(microseconds=1)


def keys_of(state: State) -> dict[str, str]:
    """The key of each column that isn't empty."""
    keys = ((column.name, column.key(state)) for column in COLUMNS)
    return {name: key for name, key in keys if key is not None}
