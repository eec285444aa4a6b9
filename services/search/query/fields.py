"""The fields of the query language: what may stand before the colon, and what each is asked of."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from services.search.columns import BY_COLUMN
from services.search.transactions import TELLING_NOTHING


@dataclass(frozen=True, slots=True)
class Field:
    """A field: ``attributes`` are searched by words, ``column`` by ranges; ``codes``: named in many languages.

    ``ahead``: its moments are mostly to come, so ages are counted from now on. ``flag``: it is so, or it isn't.
    ``of_transactions``: the attributes are those of a customer's transactions.
    """

    name: str
    attributes: tuple[str, ...] = ()
    column: str = ""
    codes: bool = False
    ahead: bool = False
    flag: bool = False
    of_transactions: bool = False

    @property
    def is_dated(self) -> bool:
        """Whether its values are days or moments."""
        return bool(self.column) and BY_COLUMN[self.column].is_dated

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return bool(self.column) and BY_COLUMN[self.column].is_number

    @property
    def is_telling(self) -> bool:
        """Whether what it asks says who somebody is."""
        return not TELLING_NOTHING.issuperset(self.attributes) or bool(self.column and BY_COLUMN[self.column].personal)


_ADDRESS = ("street", "city", "state", "postal_code")
_FIELDS = (
    Field("id", ("id",)),
    Field("external_id", ("external_id",), "external_id"),
    Field("user_id", ("id", "external_id")),
    Field("email", ("email",), "email"),
    Field("first_name", ("first_name",), "first_name"),
    Field("last_name", ("last_name",), "last_name"),
    Field("name", ("first_name", "last_name", "name")),
    Field("company", ("company",), "company"),
    Field("phone", ("phone",), "phone"),
    Field("street", ("street",), "street"),
    Field("city", ("city",), "city"),
    Field("state", ("state",), "state"),
    Field("postal_code", ("postal_code",), "postal_code"),
    Field("address", _ADDRESS),
    Field("country", ("country",), "country", codes=True),
    Field("currency", ("currency",), "currency", codes=True),
    Field("language", ("language",), "language"),
    Field("status", ("status",), "status"),
    Field("birthdate", ("birthdate",), "birthdate"),
    Field("registered_at", (), "registered_at"),
    Field("last_login_at", (), "last_login_at"),
    Field("transactions_count", (), "transactions_count"),
    Field("lifetime_value", (), "lifetime_value"),
    Field("lifetime_currency", ("lifetime_currency",), codes=True),
    Field("last_payment_method", ("last_payment_method",), "last_payment_method"),
    Field("subscription_status", ("subscription_status",), "subscription_status"),
    Field("active_subscriptions", (), "active_subscriptions"),
    Field("next_payment_at", (), "next_payment_at", ahead=True),
    Field("first_transaction_at", (), "first_transaction_at"),
    Field("last_transaction_at", (), "last_transaction_at"),
    Field("first_channel", ("first_channel",), "first_channel"),
    Field("last_channel", ("last_channel",), "last_channel"),
    Field("has_access", (), "has_access", flag=True),
    Field("transaction_id", ("transaction_id",), of_transactions=True),
    Field("external_order_id", ("external_order_id",), of_transactions=True),
    Field("provider_reference", ("provider_reference",), of_transactions=True),
    Field("access_until", (), "access_until", ahead=True),
    Field("notes_count", (), "notes_count"),
    Field("flags", ("flags",), "flags"),
    Field("last_note_at", (), "last_note_at"),
)
_ALSO = {
    "zip": "postal_code",
    "zip_code": "postal_code",
    "postcode": "postal_code",
    "line1": "street",
    "born": "birthdate",
    "birthday": "birthdate",
    "date_of_birth": "birthdate",
    "registered": "registered_at",
    "created": "registered_at",
    "last_login": "last_login_at",
    "mail": "email",
    "mailto": "email",
    "tel": "phone",
    "telephone": "phone",
    "firstname": "first_name",
    "lastname": "last_name",
    "surname": "last_name",
    "organization": "company",
    "customer_id": "user_id",
    "region": "state",
    "province": "state",
    "transactions": "transactions_count",
    "ltv": "lifetime_value",
    "payment_method": "last_payment_method",
    "subscription": "subscription_status",
    "subscriptions": "active_subscriptions",
    "next_payment": "next_payment_at",
    "first_transaction": "first_transaction_at",
    "last_transaction": "last_transaction_at",
    "channel": "last_channel",
    "access": "has_access",
    "transaction": "transaction_id",
    "order": "external_order_id",
    "order_id": "external_order_id",
    "reference": "provider_reference",
    "note": "notes_count",
    "notes": "notes_count",
    "flag": "flags",
    "flagged": "flags",
    "last_note": "last_note_at",
}
FIELDS = {field.name: field for field in _FIELDS} | {
    other: field for other, name in _ALSO.items() for field in _FIELDS if field.name == name
}
FIELD_NAMES = tuple(field.name for field in _FIELDS)
NOT_TELLING = tuple(field.name for field in _FIELDS if not field.is_telling)
"""The fields that are left to those who don't see personal data."""
SUBSCRIPTION_STATUSES = ("trialing", "past_due", "cancelled", "expired")
STATUSES = ("active", "subscribed", *SUBSCRIPTION_STATUSES)
"""What ``is:`` asks for: the account's status, whether a subscription runs, and the status of the best one."""


_EXAMPLES = {
    "country": "DE",
    "currency": "EUR",
    "lifetime_currency": "EUR",
    "status": "active",
    "language": "de",
    "last_payment_method": "visa",
    "subscription_status": "active",
    "first_channel": "web",
    "last_channel": "web",
    "has_access": "yes",
    "transaction_id": "txn_06h5yvkg1scm7h3b8k5rqt2xzw",
    "external_order_id": "GPA.3345-1234-5678-90123",
    "flags": "vip",
}


def columns_of(name: str) -> tuple[str, ...]:
    """The columns that tell whether a field (``has:phone``) is empty; none for what isn't a field."""
    field = FIELDS.get(name)
    if field is None:
        return ()
    if field.column:
        return (field.column,)
    return tuple(attribute for attribute in field.attributes if attribute in BY_COLUMN)


def is_compared(name: str) -> bool:
    """Whether a field has days, moments or numbers, of which some are before others."""
    field = FIELDS.get(name)
    return field is not None and (field.is_dated or field.is_number)


def example(name: str, operator: str) -> str:
    """A condition on this field that is right, with this operator where it takes it."""
    field = FIELDS.get(name)
    if field is None:
        return {"has": "has:phone", "is": "is:active"}.get(name, "city:Berlin")
    if field.is_dated:
        return f"{name}{operator}2026-03-12"
    if field.is_number:
        return f"{name}{operator}3"
    value = _EXAMPLES.get(field.name, '"two words"')
    return f"{name}:{value}"


def nearest(name: str) -> str:
    """The field that ``name`` resembles; empty for none."""
    known = [*FIELDS, "is", "has"]
    return next(iter(difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.7)), "")


def similar(name: str) -> str:
    """A hint for a field that doesn't exist."""
    if near := nearest(name):
        return f"Did you mean {near}?"
    return f"Fields are: is, has, {', '.join(FIELD_NAMES)}."


def similar_column(name: str) -> str:
    """A hint for a field that can't be asked for whether it is filled."""
    filled = [each for each in FIELDS if columns_of(each)]
    near = difflib.get_close_matches(name.lower(), filled, n=1, cutoff=0.7)
    if near:
        return f"Did you mean has:{near[0]}?"
    return f"Fields that can be empty are: {', '.join(each for each in FIELD_NAMES if each in filled)}."
