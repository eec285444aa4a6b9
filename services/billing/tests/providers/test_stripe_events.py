"""Stripe's webhooks."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import stripe as library

from services.billing.money import Money
from services.billing.providers.notifications import (
    ChargeFailed,
    ChargeSettled,
    Fact,
    MethodDetached,
    MethodUpdated,
    RefundFailed,
    RefundSettled,
)
from services.billing.providers.port import NotificationUnreadable, SignatureInvalid
from services.billing.providers.stripe import Stripe

SECRET = "whsec_new"
ADAPTER = Stripe("sk_test", webhook_secrets=["whsec_new", "whsec_old"])
INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount": 1299,
    "amount_received": 1299,
    "currency": "eur",
    "metadata": {"operation_id": "op_1"},
    "status": "succeeded",
    "last_payment_error": None,
}
REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 500,
    "currency": "eur",
    "payment_intent": "pi_1",
    "charge": "ch_1",
    "metadata": {},
    "status": "succeeded",
}
CARD = {"brand": "amex", "last4": "0005", "exp_month": 1, "exp_year": 2030}


def event(kind: str, subject: dict[str, Any], **changes: Any) -> bytes:
    content = {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": 1772359200,
        "data": {"object": subject},
    }
    return json.dumps({**content, **changes}).encode()


def signed(body: bytes, *, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    moment = int(time.time()) - age
    value = library.WebhookSignature.generate_signature_header(body.decode("utf-8", "replace"), secret, moment)
    return {"Stripe-Signature": value}


def fact(kind: str, subject: dict[str, Any]) -> Fact | None:
    body = event(kind, subject)
    (told,) = ADAPTER.read_notification(signed(body), body)
    assert (told.event_id, told.type) == ("evt_1", kind)
    assert told.occurred_at.isoformat() == "2026-03-01T10:00:00+00:00"
    return told.fact


def test_a_payment_that_went_through() -> None:
    expected = ChargeSettled(key="op_1", reference="pi_1", amount=Money(1299, "EUR"))
    assert fact("payment_intent.succeeded", INTENT) == expected


def test_a_payment_of_somebody_elses_has_no_key() -> None:
    told = fact("payment_intent.succeeded", {**INTENT, "metadata": {}})
    assert isinstance(told, ChargeSettled)
    assert told.key is None


def test_a_payment_that_failed() -> None:
    error = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "No money."}
    told = fact("payment_intent.payment_failed", {**INTENT, "last_payment_error": error})
    assert told == ChargeFailed(key="op_1", reference="pi_1", code="insufficient_funds", message="No money.")
    canceled = fact("payment_intent.canceled", INTENT)
    assert isinstance(canceled, ChargeFailed)
    assert canceled.code == "voided"


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated"])
def test_a_refund_made_in_the_dashboard(kind: str) -> None:
    assert fact(kind, REFUND) == RefundSettled(
        key=None,
        reference="re_1",
        charge_reference="pi_1",
        charge_key=None,
        amount=Money(500, "EUR"),
        charge_alias="ch_1",
    )


def test_a_refund_that_came_to_nothing() -> None:
    failed = {**REFUND, "status": "failed", "failure_reason": "lost_or_stolen_card"}
    told = fact("refund.failed", failed)
    assert isinstance(told, RefundFailed)
    assert "lost_or_stolen_card" in told.message


def test_what_tells_nothing_to_go_by() -> None:
    assert fact("refund.created", {**REFUND, "status": "pending"}) is None
    assert fact("charge.refunded", {"id": "ch_1"}) is None
    assert fact("customer.created", {"id": "cus_1"}) is None
    assert fact("payment_method.updated", {"id": "pm_1", "sepa_debit": {}}) is None


def test_payment_methods() -> None:
    assert fact("payment_method.detached", {"id": "pm_1"}) == MethodDetached(payment_method="pm_1")
    for kind in ("payment_method.updated", "payment_method.automatically_updated"):
        assert fact(kind, {"id": "pm_1", "card": CARD}) == MethodUpdated(
            payment_method="pm_1", brand="American Express", last4="0005", expiry_month=1, expiry_year=2030
        )


def test_either_secret_counts_while_one_is_rolled() -> None:
    body = event("payment_intent.succeeded", INTENT)
    assert ADAPTER.read_notification(signed(body, secret="whsec_old"), body)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Stripe-Signature": ""},
        {"Stripe-Signature": "garbage"},
        {"Stripe-Signature": "t=now,v1=00"},
        {"Stripe-Signature": f"t={int(time.time())},v0=00"},
        {"Stripe-Signature": f"t={int(time.time())},v1=\xe9"},
        signed(event("payment_intent.succeeded", INTENT), secret="whsec_of_others"),
        signed(event("payment_intent.succeeded", INTENT), age=301),
        signed(event("payment_intent.succeeded", INTENT, id="evt_2")),
    ],
    ids=["none", "empty", "garbage", "no time", "other scheme", "no hash", "other secret", "old", "other body"],
)
def test_what_stripe_did_not_sign_just_now_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureInvalid):
        ADAPTER.read_notification(headers, event("payment_intent.succeeded", INTENT))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        event("payment_intent.succeeded", INTENT, id=None),
        event("payment_intent.succeeded", INTENT, created="soon"),
        event("payment_intent.succeeded", INTENT, created=10**30),
        event("payment_intent.succeeded", INTENT, data=None),
        event("payment_intent.succeeded", {**INTENT, "amount_received": "12"}),
        event("payment_intent.succeeded", {**INTENT, "metadata": {"operation_id": 5}}),
        event("payment_intent.succeeded", {}),
        event("refund.created", {**REFUND, "payment_intent": {"id": "pi_1"}}),
        event("payment_method.updated", {"id": "pm_1", "card": {"last4": 5}}),
    ],
)
def test_garbage_is_unreadable_even_when_it_is_signed(body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        ADAPTER.read_notification(signed(body), body)


def test_bytes_that_are_no_text_are_not_signed_by_stripe() -> None:
    with pytest.raises(SignatureInvalid):
        ADAPTER.read_notification(signed(b"{}"), b"\xff\xfe")
