"""The events and feeds this service reads: only the fields that it needs, anything else ignored.

Read by a table instead of a schema: thousands a second come through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.search.folding import storable

_TEXT: tuple[type, ...] = (str, type(None))
_FIELDS: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "email": _TEXT,
    "first_name": _TEXT,
    "last_name": _TEXT,
    "company": _TEXT,
    "birthdate": _TEXT,
    "phone": _TEXT,
    "language": _TEXT,
    "currency": _TEXT,
    "country": _TEXT,
    "address": (dict, type(None)),
    "external_ids": (list, type(None)),
    "attributes": (dict, type(None)),
    "status": _TEXT,
    "registered_at": _TEXT,
    "last_login_at": _TEXT,
    "anonymized_at": _TEXT,
}
CUSTOMER_FIELDS = (*_FIELDS, "version")
"""The customer's public fields, as the projection keeps them and search shows them."""


class UnreadableState(ValueError):
    """A customer's state that isn't of the form we know. The message names the field, never its value."""


@dataclass(frozen=True, slots=True)
class CustomerTold:
    """What the customers service told of a customer: its public state as of ``version``."""

    customer_id: str
    version: int
    state: dict[str, Any]


def customer_told(subject: str, version: int, data: Mapping[str, Any]) -> CustomerTold:
    """Read a customer's state from an event or a feed. Missing fields are null. Raises UnreadableState."""
    if data.get("id") != subject:
        raise UnreadableState("id is not the subject")
    if not 0 < version < 2**63:
        raise UnreadableState("version is no positive number of 64 bits")
    state: dict[str, Any] = {}
    for name, kinds in _FIELDS.items():
        value = data.get(name)
        if not isinstance(value, kinds):
            raise UnreadableState(f"{name} is a {type(value).__name__}")
        state[name] = value
    state["external_ids"] = [_external_id(entry) for entry in state["external_ids"] or ()]
    state["address"] = _address(state["address"])
    state["attributes"] = state["attributes"] or {}
    state["version"] = version
    # NUL is valid JSON that PostgreSQL can't keep.
    return CustomerTold(subject, version, _without_nul(state) if b"\\u0000" in orjson.dumps(state) else state)


def _external_id(entry: object) -> dict[str, str]:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not isinstance(entry.get("source"), str):
        raise UnreadableState("external_ids holds something else than source and id")
    return {"source": entry["source"], "id": entry["id"]}


def _address(address: dict[str, Any] | None) -> dict[str, Any] | None:
    if address is not None and not all(isinstance(value, _TEXT) for value in address.values()):
        raise UnreadableState("address holds something else than text")
    return address


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): _without_nul(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_nul(inner) for inner in value]
    return value
