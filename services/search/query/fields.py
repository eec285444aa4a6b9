"""The fields of the query language: what may stand before the colon, and what each is asked of."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from services.search.columns import BY_COLUMN, Values
from services.search.documents import TELLING_NOTHING


@dataclass(frozen=True, slots=True)
class Field:
    """A field: ``attributes`` are searched by words, ``column`` by ranges; ``codes``: named in many languages."""

    name: str
    attributes: tuple[str, ...] = ()
    column: str = ""
    codes: bool = False

    @property
    def is_dated(self) -> bool:
        """Whether its values are days or moments."""
        return bool(self.column) and BY_COLUMN[self.column].values is not Values.TEXT

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
}
FIELDS = {field.name: field for field in _FIELDS} | {
    other: field for other, name in _ALSO.items() for field in _FIELDS if field.name == name
}
FIELD_NAMES = tuple(field.name for field in _FIELDS)
NOT_TELLING = tuple(field.name for field in _FIELDS if not field.is_telling)
"""The fields that are left to those who don't see personal data."""
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


def is_compared(name: str) -> bool:
    """Whether a field has days or moments, which can be before or after others."""
    field = FIELDS.get(name)
    return field is not None and field.is_dated


def example(name: str, operator: str) -> str:
    """A condition on this field that is right, with this operator where it takes it."""
    field = FIELDS.get(name)
    if field is None:
        return {"has": "has:phone", "is": "is:active"}.get(name, "city:Berlin")
    if field.is_dated:
        return f"{name}{operator}2026-03-12"
    value = {"country": "DE", "currency": "EUR", "status": "active", "language": "de"}.get(field.name, '"two words"')
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
