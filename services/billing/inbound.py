"""The events this service reads: only the fields that it needs, anything else ignored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields


@dataclass(frozen=True, slots=True)
class CustomerTold:
    """What the customers service says of one customer. ``identities``: kind (``email`` or an ID's source) and value."""

    customer_id: str
    version: int
    told: dict[str, Any]
    identities: Sequence[tuple[str, str]]


class UnreadableState(ValueError):
    """A customer's state that isn't one."""


class _Told(Schema):
    class Meta:
        """Tolerant: services may say more."""

        unknown = EXCLUDE

    email = fields.String(allow_none=True, load_default=None)
    first_name = fields.String(allow_none=True, load_default=None)
    last_name = fields.String(allow_none=True, load_default=None)
    company = fields.String(allow_none=True, load_default=None)
    language = fields.String(allow_none=True, load_default=None)
    country = fields.String(allow_none=True, load_default=None)
    address = fields.Dict(keys=fields.String(), allow_none=True, load_default=None)
    external_ids = fields.List(fields.Dict(keys=fields.String()), load_default=list)


_schema = _Told()


def customer_told(customer_id: str, version: int, data: dict[str, Any]) -> CustomerTold:
    """What an event or the feed says of a customer. Raises UnreadableState."""
    try:
        told = _schema.load(data)
        identities = [(str(each["source"]), str(each["id"])) for each in told.pop("external_ids")]
    except (ValidationError, KeyError) as error:
        raise UnreadableState(f"{customer_id}: {type(error).__name__}") from error
    if told["email"]:
        identities.append(("email", told["email"].casefold()))
    return CustomerTold(customer_id, version, told, identities)
