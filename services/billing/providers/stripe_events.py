"""Stripe's webhooks: signature checked, events in the port's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import stripe

from services.billing.providers.notifications import (
    ChargeFailed,
    ChargeSettled,
    Fact,
    MethodDetached,
    MethodUpdated,
    Notification,
    RefundFailed,
    RefundSettled,
)
from services.billing.providers.port import NotificationUnreadable, SignatureInvalid
from services.billing.providers.stripe_money import from_stripe

OPERATION = "operation_id"
TOLERANCE_SECONDS = 300

_Object = Mapping[str, Any]


def read_event(header: str | None, body: bytes, *, secrets: Sequence[str]) -> Notification:
    """The event in ``body``, signed with one of the endpoint's secrets (two while one is rolled) in the last 5 minutes.

    Raises SignatureInvalid, NotificationUnreadable.
    """
    _verify(header, body, secrets)
    try:
        event = orjson.loads(body)
        read = _FACTS.get(event["type"])
        return Notification(
            event_id=_text(event["id"]),
            type=_text(event["type"]),
            occurred_at=datetime.fromtimestamp(event["created"], tz=UTC),
            fact=read(event["data"]["object"]) if read else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise NotificationUnreadable("This is no event of Stripe's.") from error


def brand_name(brand: str) -> str:
    """A card's brand as people know it: ``american_express`` is American Express."""
    return {"amex": "American Express"}.get(brand) or brand.replace("_", " ").title()


def _verify(header: str | None, body: bytes, secrets: Sequence[str]) -> None:
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE_SECONDS)
        except (stripe.SignatureVerificationError, TypeError, ValueError):  # what it can't compare isn't signed either
            continue
        return
    raise SignatureInvalid("The header Stripe-Signature doesn't fit the body, or is older than five minutes.")


def _charge_settled(intent: _Object) -> Fact:
    amount = from_stripe(_number(intent["amount_received"]), _text(intent["currency"]))
    return ChargeSettled(key=_key(intent), reference=_text(intent["id"]), amount=amount)


def _charge_failed(intent: _Object) -> Fact:
    error = intent.get("last_payment_error") or {}
    code = error.get("decline_code") or error.get("code") or "card_declined"
    message = error.get("message") or "The card was declined."
    return ChargeFailed(key=_key(intent), reference=_text(intent["id"]), code=_text(code), message=str(message))


def _charge_canceled(intent: _Object) -> Fact:
    message = "The charge was called off."
    return ChargeFailed(key=_key(intent), reference=_text(intent["id"]), code="voided", message=message)


def _refund(refund: _Object) -> Fact | None:
    # What came from a file may be known by its charge, everything else is known by its payment intent.
    known = [_text(refund[name]) for name in ("payment_intent", "charge") if refund.get(name)]
    charge, alias = (*known, None, None)[:2]
    if charge is None or refund["status"] not in ("succeeded", "failed", "canceled"):
        return None
    key, reference = _key(refund), _text(refund["id"])
    if refund["status"] != "succeeded":
        message = f"The refund did not go through ({refund.get('failure_reason') or refund['status']})."
        return RefundFailed(
            key=key,
            reference=reference,
            charge_reference=charge,
            code="refund_failed",
            message=message,
            charge_alias=alias,
        )
    return RefundSettled(
        key=key,
        reference=reference,
        charge_reference=charge,
        charge_key=None,
        amount=from_stripe(_number(refund["amount"]), _text(refund["currency"])),
        charge_alias=alias,
    )


def _detached(method: _Object) -> Fact:
    return MethodDetached(payment_method=_text(method["id"]))


def _updated(method: _Object) -> Fact | None:
    card = method.get("card")
    if not card:
        return None
    brand = brand_name(_text(card.get("display_brand") or card["brand"]))
    return MethodUpdated(
        payment_method=_text(method["id"]),
        brand=brand,
        last4=_text(card["last4"]),
        expiry_month=_number(card["exp_month"]),
        expiry_year=_number(card["exp_year"]),
    )


# Each refund tells of itself; charge.refunded, the sum of them, would tell of each once more.
_FACTS: Mapping[str, Callable[[_Object], Fact | None]] = {
    "payment_intent.succeeded": _charge_settled,
    "payment_intent.payment_failed": _charge_failed,
    "payment_intent.canceled": _charge_canceled,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "payment_method.detached": _detached,
    "payment_method.updated": _updated,
    "payment_method.automatically_updated": _updated,
}


def _key(made: _Object) -> str | None:
    key = (made.get("metadata") or {}).get(OPERATION)
    return _text(key) if key else None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 255:
        raise TypeError("not a short text")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value
