"""The fields of the query language: what may stand before the colon, and what each is asked of."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from services.search.columns import BY_COLUMN


@dataclass(frozen=True, slots=True)
class Field:
    """A field: ``attributes`` are searched by words, ``column`` by ranges; ``codes``: named in many languages."""

    name: str
    attributes: tuple[str, ...] = ()
    column: str = ""
    codes: bool = False


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
    "tel": "phone",
    "telephone": "phone",
    "firstname": "first_name",
    "lastname": "last_name",
    "surname": "last_name",
    "organization": "company",
    "customer_id": "user_id",
    "region": "state",
    "province": "state",
}
FIELDS = {field.name: field for field in _FIELDS} | {
    other: field for other, name in _ALSO.items() for field in _FIELDS if field.name == name
}
FIELD_NAMES = tuple(field.name for field in _FIELDS)
STATUSES = ("active",)
"""What ``is:`` asks for."""


def columns_of(name: str) -> tuple[str, ...]:
    """The columns that tell whether a field (``has:phone``) is empty; none for what isn't a field."""
    field = FIELDS.get(name)
    if field is None:
        return ()
    if field.column:
        return (field.column,)
    return tuple(attribute for attribute in field.attributes if attribute in BY_COLUMN)


def nearest(name: str) -> str:
    """The field that ``name`` resembles; empty for none."""
    known = [*FIELDS, "is", "has"]
    return next(iter(difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.7)), "")


def similar(name: str) -> str:
    """A hint for a field that doesn't exist."""
    if near := nearest(name):
        return f"Did you mean {near}?"
    return f"Fields are: is, has, {', '.join(field.name for field in _FIELDS)}."
