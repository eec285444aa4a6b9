"""The fields that a column can become, and how a cell's text becomes what the API takes for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError

from servicekit.imports.cells import as_code, as_day, as_moment, as_text
from services.customers.schemas import Address, CreateCustomer, ExternalIdField, RecordLogin
from services.customers.vocabulary import country_code

TEXTS = ("email", "first_name", "last_name", "company", "phone")
CODES = ("language", "currency", "country")
MOMENTS = ("registered_at", "last_login_at")
ADDRESS = ("line1", "line2", "city", "state", "postal_code", "address_country")
NAME = "name"
EXTERNAL_ID, EXTERNAL_SOURCE = "external_id", "external_id_source"
EXTERNAL_IDS, ATTRIBUTES = "external_ids.", "attributes."
OWN_SOURCE = "publisher"
NESTED = ("address", "external_ids", "attributes")
"""Fields that an object of NDJSON may have as the API has them."""

_customer, _address, _external_id = CreateCustomer(), Address(), ExternalIdField()
_FIELDS: Mapping[str, Any] = {
    **{name: _customer.fields[name] for name in (*TEXTS, *CODES, "birthdate", "registered_at")},
    "last_login_at": RecordLogin().fields["at"],
    **{part: _address.fields[part.removeprefix("address_")] for part in ADDRESS},
}
_SOURCE = _external_id.fields["source"]
_ID = _external_id.fields["id"]
_ATTRIBUTES = _customer.fields["attributes"]
_OFTEN_THE_SAME = frozenset({*CODES, "city", "state", "address_country"})
_ALIASES = {f"address.{part.removeprefix('address_')}": part for part in ADDRESS}


def canonical(target: str) -> str | None:
    """The name of the field that ``target`` names, or None: also ``address.city``, ``external_ids.stripe``,
    ``attributes.plan``."""
    if target in _FIELDS or target in (NAME, EXTERNAL_ID, EXTERNAL_SOURCE):
        return target
    if target in _ALIASES:
        return _ALIASES[target]
    try:
        if target.startswith(EXTERNAL_IDS):
            _SOURCE.deserialize(target.removeprefix(EXTERNAL_IDS))
            return target
        if target.startswith(ATTRIBUTES):
            _ATTRIBUTES.deserialize({target.removeprefix(ATTRIBUTES): None})
            return target
    except ValidationError:
        return None
    return None


def field_names() -> tuple[str, ...]:
    """Every field by its name, for messages."""
    return (*_FIELDS, NAME, EXTERNAL_ID, EXTERNAL_SOURCE, "external_ids.SOURCE", "attributes.NAME")


def load(target: str, value: Any) -> Any:
    """What the API makes of a cell for one of its plain fields; null for one that it takes for empty.

    Raises ValidationError with the API's reasons.
    """
    if target in _OFTEN_THE_SAME and isinstance(value, str):
        return _load_again(target, value)
    return _load(target, value)


def _load(target: str, value: Any) -> Any:
    convert = _CONVERSIONS.get(target, as_text)
    return _FIELDS[target].deserialize(convert(value))


_load_again = lru_cache(maxsize=5000)(_load)


def load_external_id(source: Any, value: Any) -> dict[str, str]:
    """An external ID as the API takes it, by default the publisher's own. Raises ValidationError."""
    return {"source": load_source(source), "id": _ID.deserialize(as_text(value))}


def load_source(value: Any) -> str:
    """The source of an external ID, the publisher where none is given. Raises ValidationError."""
    return OWN_SOURCE if value is None else str(_SOURCE.deserialize(value.strip() if isinstance(value, str) else value))


def load_address(value: Mapping[str, Any]) -> dict[str, Any]:
    """An address as the API takes it; only the parts that are there. Raises ValidationError."""
    converted = {part: _as_country(text) if part == "country" else as_text(text) for part, text in value.items()}
    return {part: text for part, text in _address.load(converted).items() if text is not None}


def load_external_ids(value: Sequence[Any]) -> list[dict[str, str]]:
    """A list of external IDs as the API takes it. Raises ValidationError."""
    loaded: list[dict[str, str]] = _customer.fields["external_ids"].deserialize(list(value))
    return loaded


def load_attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Custom attributes as the API takes them. Raises ValidationError."""
    loaded: dict[str, Any] = _ATTRIBUTES.deserialize(dict(values))
    return loaded


def split_name(name: str) -> tuple[str | None, str]:
    """First and last name of a whole one; what is a single word, or written without blanks, is the last name."""
    if name.count(",") == 1:
        last, first = (part.strip() for part in name.split(","))
        return first or None, last or first
    first, _, last = name.strip().rpartition(" ")
    return first.strip() or None, last


def _as_country(value: Any) -> Any:
    return country_code(value) or value if isinstance(value, str) else value


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "country": _as_country,
    "address_country": _as_country,
    "language": as_code,
    "currency": as_code,
    "birthdate": as_day,
    **dict.fromkeys(MOMENTS, as_moment),
}
