"""The list's columns: what each is called, what it needs of a customer, and what it is sorted by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column that can be shown.

    ``kind`` says how a value is shown (``templates/parts/cells.html``), ``fields`` are what the search is asked for,
    ``sort`` is the search's own name of it where it can be sorted by.
    """

    name: str
    label: str
    kind: str
    fields: tuple[str, ...]
    sort: str | None = None


def _account(name: str, label: str, kind: str) -> Column:
    """One that billing tells, sorted by its own name."""
    return Column(name, label, kind, (name,), name)


COLUMNS: Sequence[Column] = (
    Column("email", "Email", "text", ("email",), "email"),
    Column("name", "Name", "name", ("first_name", "last_name"), "last_name"),
    Column("id", "Customer ID", "id", ("id",)),
    Column("registered_at", "Registered", "moment", ("registered_at",), "registered_at"),
    Column("last_login_at", "Last login", "moment", ("last_login_at",), "last_login_at"),
    Column("first_name", "First name", "text", ("first_name",), "first_name"),
    Column("last_name", "Last name", "text", ("last_name",), "last_name"),
    Column("company", "Company", "text", ("company",), "company"),
    Column("country", "Country", "country", ("country",), "country"),
    Column("language", "Language", "language", ("language",), "language"),
    Column("currency", "Currency", "code", ("currency",), "currency"),
    Column("street", "Street", "street", ("address",), "street"),
    Column("city", "City", "city", ("address",), "city"),
    Column("state", "State", "state", ("address",), "state"),
    Column("postal_code", "Postal code", "postal_code", ("address",), "postal_code"),
    Column("phone", "Phone", "text", ("phone",), "phone"),
    Column("birthdate", "Date of birth", "day", ("birthdate",), "birthdate"),
    Column("external_id", "External IDs", "external_ids", ("external_ids",), "external_id"),
    Column("status", "Status", "status", ("status",), "status"),
    _account("transactions_count", "Transactions", "count"),
    _account("last_payment_method", "Last payment method", "payment_method"),
    _account("subscription_status", "Subscription", "subscription"),
    _account("active_subscriptions", "Active subscriptions", "count"),
    Column("next_payment_at", "Next payment", "payment", ("next_payment_at", "next_payment"), "next_payment_at"),
    _account("lifetime_value", "Lifetime value", "amounts"),
    _account("first_transaction_at", "First transaction", "moment"),
    _account("last_transaction_at", "Last transaction", "moment"),
    _account("first_channel", "First channel", "channel"),
    _account("last_channel", "Last channel", "channel"),
    _account("has_access", "Access", "yes_no"),
    _account("access_until", "Access until", "moment"),
    Column("flags", "Flags", "flags", ("flags",), "flags"),
    Column("notes_count", "Notes", "number", ("notes_count",), "notes_count"),
    Column("last_note_at", "Last note", "moment", ("last_note_at",), "last_note_at"),
)
BY_NAME = {column.name: column for column in COLUMNS}
SORTED_BY = frozenset(column.sort for column in COLUMNS if column.sort)
# By these also those can sort from whom personal data is hidden: another order would tell it.
_NOT_PERSONAL = frozenset({"registered_at", "last_login_at", "country", "language", "currency", "status"}) | {
    "transactions_count",
    "last_payment_method",
    "subscription_status",
    "active_subscriptions",
    "next_payment_at",
    "lifetime_value",
    "first_transaction_at",
    "last_transaction_at",
    "first_channel",
    "last_channel",
    "has_access",
    "access_until",
}
_NOT_PERSONAL |= {"flags", "notes_count", "last_note_at"}
DEFAULT = ("email", "name", "id", "registered_at", "last_login_at", "transactions_count", "last_payment_method")


def chosen(names: object) -> tuple[Column, ...]:
    """The columns with these names in their order; the default ones where that leaves none."""
    wanted = names if isinstance(names, list) else []
    found = tuple(BY_NAME[name] for name in dict.fromkeys(wanted) if isinstance(name, str) and name in BY_NAME)
    return found or tuple(BY_NAME[name] for name in DEFAULT)


def sortable(*, personal: bool) -> frozenset[str]:
    """What can be sorted by; ``personal``: whether personal data is seen."""
    return SORTED_BY if personal else SORTED_BY & _NOT_PERSONAL
