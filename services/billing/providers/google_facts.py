"""What Google Play's notifications mean, once the subscription or order is read (Google: "Real-time developer
notifications", "SubscriptionPurchaseV2", "Order").

A notification only says that something changed. What is told here is the state as Google has it now, so that late and
repeated ones do no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from services.billing.money import Money, digits_of
from services.billing.providers.notifications import Fact, RefundSettled, StoreChange, StorePayment

_Json = Mapping[str, Any]

# Recovered, renewed, purchased: there is a payment behind it.
PAID = (1, 2, 4)
_REVOKED = 12
_STATES = {
    "SUBSCRIPTION_STATE_ACTIVE": "active",
    "SUBSCRIPTION_STATE_CANCELED": "cancelled",
    "SUBSCRIPTION_STATE_IN_GRACE_PERIOD": "past_due",
    "SUBSCRIPTION_STATE_ON_HOLD": "past_due",
    "SUBSCRIPTION_STATE_PAUSED": "past_due",
    "SUBSCRIPTION_STATE_EXPIRED": "expired",
}
_NAMES = {1: "recovered", 2: "renewed", 3: "canceled", 4: "purchased", 5: "on_hold", 6: "in_grace_period"}
_NAMES |= {7: "restarted", 9: "deferred", 10: "paused", 12: "revoked", 13: "expired"}


def order_of(subscription: _Json) -> str | None:
    """The order of a subscription's latest payment."""
    line = subscription["lineItems"][0]
    found = line.get("latestSuccessfulOrderId") or subscription.get("latestOrderId")
    return found if isinstance(found, str) and found else None


def payment_of(purchase_token: str, subscription: _Json, order: _Json) -> StorePayment:
    """The latest payment of a subscription. Raises KeyError, TypeError, ValueError."""
    line = subscription["lineItems"][0]
    order_id = text(order["orderId"])
    details = (order["lineItems"][0].get("subscriptionDetails") or {}) if order.get("lineItems") else {}
    paid_at = moment(order["createTime"])
    amount = money(order.get("total"))
    return StorePayment(
        order_id=order_id,
        subscription_reference=purchase_token,
        account=account_of(subscription),
        product=text(line["productId"]),
        amount=amount,
        is_trial=details.get("offerPhase") == "FREE_TRIAL" or (amount is not None and amount.amount_minor == 0),
        # Renewals' order IDs have the number of the renewal at their end: GPA.3345-1234-5678-90123..0
        is_renewal=".." in order_id,
        paid_at=paid_at,
        starts_at=moment(details["servicePeriodStartTime"]) if "servicePeriodStartTime" in details else paid_at,
        until=moment(line["expiryTime"]),
    )


def change_of(kind: int, purchase_token: str, subscription: _Json) -> StoreChange | None:
    """The state of a subscription; None while it isn't one yet. Raises KeyError, TypeError, ValueError."""
    status = "revoked" if kind == _REVOKED else _STATES.get(subscription["subscriptionState"])
    if status is None:
        return None
    line = subscription["lineItems"][0]
    return StoreChange(
        subscription_reference=purchase_token,
        account=account_of(subscription),
        product=text(line["productId"]),
        status=status,
        until=moment(line["expiryTime"]) if line.get("expiryTime") else None,
        reason=_NAMES.get(kind, str(kind)),
    )


def product_of(product: _Json, product_id: str, order: _Json) -> StorePayment:
    """The payment of something bought once. Raises KeyError, TypeError, ValueError."""
    paid_at = moment(order["createTime"])
    return StorePayment(
        order_id=text(order["orderId"]),
        subscription_reference=None,
        account=product.get("obfuscatedExternalAccountId"),
        product=product_id,
        amount=money(order.get("total")),
        is_trial=False,
        is_renewal=False,
        paid_at=paid_at,
        starts_at=paid_at,
        until=None,
    )


def refunds_of(order_id: str, order: _Json) -> Sequence[Fact]:
    """Every refund that an order has had in part. Raises KeyError, TypeError, ValueError."""
    events = (order.get("orderHistory") or {}).get("partialRefundEvents") or []
    return [
        RefundSettled(
            key=None,
            reference=f"{refund_reference(order_id)}:{number}",
            charge_reference=order_id,
            charge_key=None,
            amount=money(event["refundDetails"]["total"]),
        )
        for number, event in enumerate(events, start=1)
        if event.get("state") == "PROCESSED_SUCCESSFULLY"
    ]


def refund_of(order_id: str) -> RefundSettled:
    """A whole order was refunded."""
    return RefundSettled(
        key=None, reference=refund_reference(order_id), charge_reference=order_id, charge_key=None, amount=None
    )


def refund_reference(order_id: str) -> str:
    """Google gives refunds no ID: there is at most one of the whole order."""
    return f"{order_id}:refund"


def account_of(subscription: _Json) -> str | None:
    """Our customer, where the app told Google Play."""
    told = (subscription.get("externalAccountIdentifiers") or {}).get("obfuscatedExternalAccountId")
    return text(told) if told else None


def money(amount: Any) -> Money | None:
    """Google's ``Money``: whole units and billionths."""
    if not amount:
        return None
    currency = text(amount["currencyCode"])
    value = Decimal(int(amount.get("units", 0))) + Decimal(int(amount.get("nanos", 0))).scaleb(-9)
    minor = value.scaleb(digits_of(currency)).to_integral_value(rounding=ROUND_HALF_EVEN)
    return Money(int(minor), currency)


def moment(value: Any) -> datetime:
    """A time as Google writes it (RFC 3339, up to nanoseconds)."""
    found = datetime.fromisoformat(text(value))
    if found.tzinfo is None:
        raise ValueError("a time without its zone")
    return found.astimezone(UTC)


def text(value: Any) -> str:
    """An ID. Raises TypeError."""
    if not isinstance(value, str) or not 0 < len(value) <= 1000:
        raise TypeError("not a text")
    return value
