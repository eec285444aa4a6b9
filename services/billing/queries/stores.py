"""The stores where a customer pays, and what can't be done there from here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.models.accounts import Account
from services.billing.models.subscriptions import RUNNING, Subscription
from services.billing.models.transactions import STORES
from services.billing.providers.port import Capabilities

NAMES = {"apple": "App Store", "google": "Google Play", "roku": "Roku", "amazon": "Amazon Appstore"}
_ASKED = {"charge": "charge", "refund": "refund", "cancel": "cancel", "detach": "delete"}


def stores_of(
    session: Session, *, publisher_id: str, customer_id: str, capabilities_of: Callable[[str], Capabilities]
) -> list[dict[str, Any]]:
    """The stores that a customer's subscriptions are paid in, or else the one where they bought last."""
    running = select(Subscription.channel, Subscription.id).where(
        Subscription.publisher_id == publisher_id,
        Subscription.customer_id == customer_id,
        Subscription.channel.in_(STORES),
        Subscription.status.in_(RUNNING),
    )
    found: dict[str, list[str]] = {}
    for channel, subscription_id in session.execute(running.order_by(Subscription.id)):
        found.setdefault(channel, []).append(subscription_id)
    if not found:
        mine = (Account.customer_id == customer_id, Account.publisher_id == publisher_id)
        last = session.scalars(select(Account.last_channel).where(*mine)).one_or_none()
        found = {last: []} if last in STORES else {}
    return [
        {
            "channel": channel,
            "name": NAMES[channel],
            "subscription_ids": ids,
            "refusals": _refusals(capabilities_of(channel)),
        }
        for channel, ids in sorted(found.items())
    ]


def _refusals(capabilities: Capabilities) -> list[dict[str, str]]:
    asked = ((name, getattr(capabilities, capability)) for capability, name in _ASKED.items())
    return [{"action": name, "code": can.code, "reason": can.reason} for name, can in asked if not can]
