"""What billing tells of a customer's account: its counters, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.search.inbound.reading import TEXT, Kinds, Told, UnreadableState, checked_version, fields_of, keepable

SECTION = "account"
_COUNT: Kinds = (int, type(None))
_FIELDS: dict[str, Kinds] = {
    "transactions_count": _COUNT,
    "lifetime_value": (list, type(None)),
    "active_subscriptions": _COUNT,
    "subscription_status": TEXT,
    "next_payment_at": TEXT,
    "next_payment": (dict, type(None)),
    "last_payment_method": (dict, type(None)),
    "first_transaction_at": TEXT,
    "last_transaction_at": TEXT,
    "first_channel": TEXT,
    "last_channel": TEXT,
    "has_access": (bool, type(None)),
    "access_until": TEXT,
}
_METHOD: dict[str, Kinds] = {"kind": TEXT, "brand": TEXT, "last4": TEXT}
BLANK: Mapping[str, Any] = {
    **dict.fromkeys(_FIELDS),
    "transactions_count": 0,
    "lifetime_value": [],
    "active_subscriptions": 0,
    "has_access": False,
}
"""What an account looks like of which nothing was told: nothing was ever bought."""


def account_told(subject: str, version: int, data: Mapping[str, Any]) -> Told:
    """Read an account's state from an event or a feed; ``subject`` is the customer. Raises UnreadableState."""
    if data.get("customer_id") != subject:
        raise UnreadableState("customer_id is not the subject")
    told = fields_of(data, _FIELDS)
    state = {name: BLANK[name] if value is None else value for name, value in told.items()}
    state["lifetime_value"] = [_money(each) for each in state["lifetime_value"]]
    if state["next_payment"] is not None:
        state["next_payment"] = _money(state["next_payment"])
    if state["last_payment_method"] is not None:
        state["last_payment_method"] = fields_of(state["last_payment_method"], _METHOD)
    return Told(SECTION, subject, checked_version(version), keepable(state))


def _money(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableState("an amount is no object")
    amount, currency = value.get("amount_minor"), value.get("currency")
    if not isinstance(amount, int) or isinstance(amount, bool) or not isinstance(currency, str):
        raise UnreadableState("an amount has no amount_minor or no currency")
    return {"amount_minor": amount, "currency": currency}
