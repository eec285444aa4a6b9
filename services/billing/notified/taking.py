"""Taking in a provider's notifications: each once, whatever the order they come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import Counter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models.webhooks import WebhookReceipt
from services.billing.notified.charges import charge_failed, charge_settled
from services.billing.notified.methods import method_detached, method_updated
from services.billing.notified.refunds import refund_failed, refund_settled
from services.billing.notified.store_changes import store_change
from services.billing.notified.store_payments import store_payment
from services.billing.notified.telling import Telling
from services.billing.providers.notifications import (
    ChargeFailed,
    ChargeSettled,
    Fact,
    MethodDetached,
    MethodUpdated,
    Notification,
    RefundFailed,
    RefundSettled,
    StoreChange,
    StorePayment,
)

NOTIFICATIONS = Counter("billing_notifications_total", "What providers told, by what it was.", ["provider", "fact"])

_TAKERS: Mapping[type[Fact], Callable[[Session, Telling, Any], None]] = {
    ChargeSettled: charge_settled,
    ChargeFailed: charge_failed,
    RefundSettled: refund_settled,
    RefundFailed: refund_failed,
    MethodDetached: method_detached,
    MethodUpdated: method_updated,
    StorePayment: store_payment,
    StoreChange: store_change,
}


def take_notifications(
    session: Session, *, publisher_id: str, provider: str, notifications: Sequence[Notification], now: datetime
) -> None:
    """Do what a provider's notifications come to; one that was taken in before changes nothing.

    Raises NotKnownYet: then none of them counts as taken in.
    """
    for told in notifications:
        NOTIFICATIONS.labels(provider, type(told.fact).__name__ if told.fact else "none").inc()
        if told.fact is not None and _is_new(session, publisher_id, provider, told.event_id, now):
            telling = Telling(publisher_id=publisher_id, provider=provider, at=min(told.occurred_at, now), now=now)
            _TAKERS[type(told.fact)](session, telling, told.fact)


def _is_new(session: Session, publisher_id: str, provider: str, event_id: str, now: datetime) -> bool:
    """Note that this one is taken in; False if it was before. The same one sent twice at once waits here."""
    receipt = {"publisher_id": publisher_id, "provider": provider, "event_id": event_id, "received_at": now}
    statement = insert(WebhookReceipt).values(receipt).on_conflict_do_nothing().returning(WebhookReceipt.event_id)
    return session.execute(statement).scalar_one_or_none() is not None
