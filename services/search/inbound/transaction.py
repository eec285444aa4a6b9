"""What billing tells of a transaction: no more than what it can be found by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servicekit.ids import is_id
from services.search.inbound.reading import TEXT, Kinds, UnreadableState, checked_version, fields_of, keepable

_FIELDS: dict[str, Kinds] = {"external_order_id": TEXT, "provider_reference": TEXT}


@dataclass(frozen=True, slots=True)
class TransactionTold:
    """What billing told of a transaction of this customer: its state as of ``version``."""

    transaction_id: str
    customer_id: str
    version: int
    state: dict[str, Any]


def transaction_told(subject: str, version: int, data: Mapping[str, Any]) -> TransactionTold:
    """Read a transaction's state from an event or a feed. Raises UnreadableState."""
    if data.get("id") != subject or not is_id(subject, "txn"):
        raise UnreadableState("id is not the subject, or none of a transaction")
    customer_id = data.get("customer_id")
    if not isinstance(customer_id, str) or not is_id(customer_id, "cus"):
        raise UnreadableState("customer_id is none of a customer")
    state = {name: value for name, value in fields_of(data, _FIELDS).items() if value}
    return TransactionTold(subject, customer_id, checked_version(version), keepable(state))
