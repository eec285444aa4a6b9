"""The events and feeds this service reads: only the fields that it needs, anything else ignored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, fields


class _Tolerant(Schema):
    class Meta:
        """Services may say more."""

        unknown = EXCLUDE


class ExternalIdTold(_Tolerant):
    """An ID that another system gave a customer."""

    source = fields.String(required=True)
    id = fields.String(required=True)


class CustomerState(_Tolerant):
    """What the customers service tells of a customer, as far as it is of use here."""

    email = fields.String(load_default=None, allow_none=True)
    external_ids = fields.List(fields.Nested(ExternalIdTold), load_default=list)


@dataclass(frozen=True, slots=True)
class CustomerTold:
    """By what a customer is known, as of ``version``."""

    customer_id: str
    version: int
    email_key: str | None
    external_ids: frozenset[tuple[str, str]]


_state = CustomerState()


def customer_told(subject: str, version: int, data: dict[str, Any]) -> CustomerTold:
    """Read a customer's state from an event or a feed. Raises ValidationError."""
    told = _state.load(data)
    email = told["email"]
    return CustomerTold(
        subject,
        version,
        None if email is None else _storable(email.casefold()),
        frozenset((_storable(entry["source"]), _storable(entry["id"])) for entry in told["external_ids"]),
    )


def _storable(text: str) -> str:
    """NUL is valid JSON that PostgreSQL can't keep."""
    return text.replace("\0", "�")
