"""The events and feeds this service reads: only the fields that it needs, anything else ignored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from services.notifications.people import PersonTold

HISTORIC = timedelta(days=1)
"""Whoever registered longer ago than this when their account was created here comes from elsewhere."""


class Tolerant(Schema):
    """What services send: they may say more."""

    class Meta:
        """Fields that aren't known are ignored."""

        unknown = EXCLUDE


class CustomerTold(Tolerant):
    """A customer's state."""

    email = fields.String(load_default=None, allow_none=True)
    first_name = fields.String(load_default=None, allow_none=True)
    last_name = fields.String(load_default=None, allow_none=True)
    company = fields.String(load_default=None, allow_none=True)
    language = fields.String(load_default=None, allow_none=True)
    registered_at = fields.AwareDateTime(load_default=None, allow_none=True)
    imported = fields.Boolean(load_default=False)
    external_ids = fields.List(fields.Raw(), load_default=list)


_customer = CustomerTold()


def person_told(customer_id: str, version: int, data: Mapping[str, Any]) -> PersonTold:
    """A customer as an event or the feed tells of them. Raises marshmallow's ValidationError."""
    told = _customer.load(data)
    return PersonTold(
        customer_id=customer_id,
        version=version,
        email=_kept(told["email"]),
        first_name=_kept(told["first_name"]),
        last_name=_kept(told["last_name"]),
        company=_kept(told["company"]),
        language=_kept(told["language"]),
    )


def is_blanked(data: Mapping[str, Any]) -> bool:
    """Whether a state has been blanked, because its customer was anonymized before it left: every customer has an
    address or an ID of somebody's. The address known before is still needed, for the last mail."""
    told = _customer.load(data)
    return not told["email"] and not told["external_ids"]


def is_welcomed(data: Mapping[str, Any], at: datetime) -> bool:
    """Whether a customer who was created ``at`` is new: neither imported nor registered elsewhere before."""
    told = _customer.load(data)
    registered = told["registered_at"]
    return not told["imported"] and (registered is None or registered > at - HISTORIC)


def _kept(value: str | None) -> str | None:
    """NUL is valid JSON that PostgreSQL can't keep."""
    return value.replace("\0", "") if value else value
