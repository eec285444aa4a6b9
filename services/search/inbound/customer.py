"""What the customers service tells: only the fields that are needed, anything else ignored.

Read by a table instead of a schema: thousands a second come through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.search.inbound.reading import TEXT, Kinds, Told, UnreadableState, checked_version, fields_of, keepable

SECTION = "customer"
_FIELDS: dict[str, Kinds] = {
    "id": (str,),
    "email": TEXT,
    "first_name": TEXT,
    "last_name": TEXT,
    "company": TEXT,
    "birthdate": TEXT,
    "phone": TEXT,
    "language": TEXT,
    "currency": TEXT,
    "country": TEXT,
    "address": (dict, type(None)),
    "external_ids": (list, type(None)),
    "attributes": (dict, type(None)),
    "status": TEXT,
    "registered_at": TEXT,
    "last_login_at": TEXT,
    "anonymized_at": TEXT,
}
CUSTOMER_FIELDS = (*_FIELDS, "version")
"""The customer's public fields, as the projection keeps them and search shows them."""


def customer_told(subject: str, version: int, data: Mapping[str, Any]) -> Told:
    """Read a customer's state from an event or a feed. Missing fields are null. Raises UnreadableState."""
    if data.get("id") != subject:
        raise UnreadableState("id is not the subject")
    state = fields_of(data, _FIELDS)
    state["external_ids"] = [_external_id(entry) for entry in state["external_ids"] or ()]
    state["address"] = _address(state["address"])
    state["attributes"] = state["attributes"] or {}
    state["version"] = checked_version(version)
    return Told(SECTION, subject, version, keepable(state))


def _external_id(entry: object) -> dict[str, str]:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not isinstance(entry.get("source"), str):
        raise UnreadableState("external_ids holds something else than source and id")
    return {"source": entry["source"], "id": entry["id"]}


def _address(address: dict[str, Any] | None) -> dict[str, Any] | None:
    if address is not None and not all(isinstance(value, TEXT) for value in address.values()):
        raise UnreadableState("address holds something else than text")
    return address
