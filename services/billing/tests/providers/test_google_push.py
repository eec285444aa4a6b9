"""Google Play's notifications: who sent them, and what they tell."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from services.billing.money import Money
from services.billing.providers.notifications import Fact, RefundSettled, StoreChange, StorePayment
from services.billing.providers.port import NotificationUnreadable, ProviderUnavailable, SignatureInvalid
from services.billing.tests.providers.google_world import GoogleWorld, push, push_token
from services.billing.tests.providers.worlds import EUROS

ORDER = "GPA.3345-1234-5678-90123..0"


def facts(google: GoogleWorld, **content: Any) -> list[Fact | None]:
    headers = {"Authorization": f"Bearer {push_token()}"}
    return [told.fact for told in google.provider.read_notification(headers, push(**content))]


def subscription(kind: int) -> dict[str, Any]:
    return {"subscriptionNotification": {"version": "1.0", "notificationType": kind, "purchaseToken": "token-1"}}


@pytest.mark.parametrize("kind", [1, 2, 4])
def test_a_payment_is_read_with_its_order(google: GoogleWorld, kind: int) -> None:
    google.fake.sell(ORDER)
    google.fake.subscribe("token-1", ORDER)
    (told,) = facts(google, **subscription(kind))
    assert isinstance(told, StorePayment)
    assert (told.order_id, told.subscription_reference, told.account) == (ORDER, "token-1", "cus_1")
    assert (told.amount, told.product, told.is_renewal, told.is_trial) == (EUROS, "monthly", True, False)
    assert told.until is not None
    assert told.until.isoformat() == "2026-04-01T10:00:00.500000+00:00"


def test_a_first_order_and_a_trial(google: GoogleWorld) -> None:
    order = google.fake.sell("GPA.3345-1234-5678-90123", units=0, nanos=0)
    order["lineItems"][0]["subscriptionDetails"]["offerPhase"] = "FREE_TRIAL"
    google.fake.subscribe("token-1", "GPA.3345-1234-5678-90123")
    (told,) = facts(google, **subscription(4))
    assert isinstance(told, StorePayment)
    assert (told.is_renewal, told.is_trial) == (False, True)


@pytest.mark.parametrize(
    ("units", "nanos", "currency", "minor"),
    [(500, 0, "JPY", 500), (1, 234_000_000, "KWD", 1234), (0, 990_000_000, "USD", 99)],
)
def test_amounts_are_exact_in_every_currency(
    google: GoogleWorld, units: int, nanos: int, currency: str, minor: int
) -> None:
    google.fake.sell(ORDER, units=units, nanos=nanos, currency=currency)
    google.fake.subscribe("token-1", ORDER)
    (told,) = facts(google, **subscription(2))
    assert isinstance(told, StorePayment)
    assert told.amount == Money(minor, currency)


@pytest.mark.parametrize(
    ("kind", "state", "status"),
    [
        (3, "CANCELED", "cancelled"),
        (7, "ACTIVE", "active"),
        (6, "IN_GRACE_PERIOD", "past_due"),
        (5, "ON_HOLD", "past_due"),
        (10, "PAUSED", "past_due"),
        (13, "EXPIRED", "expired"),
        (12, "EXPIRED", "revoked"),
        # Late: it tells what is so now, not what was so when it was sent.
        (3, "ACTIVE", "active"),
        (7, "EXPIRED", "expired"),
    ],
)
def test_the_state_told_is_the_one_that_google_has_now(google: GoogleWorld, kind: int, state: str, status: str) -> None:
    google.fake.subscribe("token-1", ORDER, state=state)
    (told,) = facts(google, **subscription(kind))
    assert isinstance(told, StoreChange)
    assert (told.subscription_reference, told.status) == ("token-1", status)


def test_a_purchase_that_is_not_paid_yet_tells_nothing(google: GoogleWorld) -> None:
    google.fake.sell(ORDER)
    google.fake.subscribe("token-1", ORDER, state="PENDING")
    assert facts(google, **subscription(4)) == [None]


def test_what_google_no_longer_knows_tells_nothing(google: GoogleWorld) -> None:
    assert facts(google, **subscription(2)) == [None]


def test_something_bought_once(google: GoogleWorld) -> None:
    google.fake.sell("GPA.1")
    google.fake.products["token-2"] = {"orderId": "GPA.1", "obfuscatedExternalAccountId": "cus_2"}
    content = {"version": "1.0", "notificationType": 1, "purchaseToken": "token-2", "sku": "issue_42"}
    (told,) = facts(google, oneTimeProductNotification=content)
    assert isinstance(told, StorePayment)
    assert (told.product, told.account, told.until, told.subscription_reference) == ("issue_42", "cus_2", None, None)
    assert facts(google, oneTimeProductNotification={**content, "notificationType": 2}) == [None]


def test_a_voided_purchase_is_a_refund_of_the_order(google: GoogleWorld) -> None:
    content = {"purchaseToken": "token-1", "orderId": ORDER, "productType": 1, "refundType": 1}
    assert facts(google, voidedPurchaseNotification=content) == [
        RefundSettled(key=None, reference=f"{ORDER}:refund", charge_reference=ORDER, charge_key=None, amount=None)
    ]


def test_refunds_in_part_are_told_one_by_one(google: GoogleWorld) -> None:
    total = {"currencyCode": "EUR", "units": "2", "nanos": 500_000_000}
    event = {"state": "PROCESSED_SUCCESSFULLY", "refundDetails": {"total": total}}
    pending = {"state": "PENDING", "refundDetails": {"total": total}}
    google.fake.sell(ORDER)["orderHistory"] = {"partialRefundEvents": [event, pending, event]}
    content = {"purchaseToken": "token-1", "orderId": ORDER, "productType": 1, "refundType": 2}
    headers = {"Authorization": f"Bearer {push_token()}"}
    told = google.provider.read_notification(headers, push("7", voidedPurchaseNotification=content))
    assert [one.event_id for one in told] == ["7", "7:2"]
    refunds = [one.fact for one in told if isinstance(one.fact, RefundSettled)]
    assert [refund.amount for refund in refunds] == [Money(250, "EUR")] * 2
    assert len({refund.reference for refund in refunds}) == 2


def test_a_test_notification_tells_nothing(google: GoogleWorld) -> None:
    assert facts(google, testNotification={"version": "1.0"}) == [None]


@pytest.mark.parametrize(
    "token",
    [
        lambda: "",
        lambda: "Basic eHg=",
        lambda: "Bearer ",
        lambda: "Bearer x.y.z",
        lambda: f"Bearer {push_token(signed_by='somebody else')}",
        lambda: f"Bearer {push_token(kid='k2')}",
        lambda: f"Bearer {push_token(aud='https://example.com')}",
        lambda: f"Bearer {push_token(iss='https://example.com')}",
        lambda: f"Bearer {push_token(email='somebody@example.com')}",
        lambda: f"Bearer {push_token(email_verified=False)}",
        lambda: f"Bearer {push_token(iat=int(time.time()) - 7200, exp=int(time.time()) - 3600)}",
        lambda: f"Bearer {push_token(iat=int(time.time()) + 3600, exp=int(time.time()) + 7200)}",
    ],
)
def test_what_google_did_not_send_is_refused(google: GoogleWorld, token: Any) -> None:
    with pytest.raises(SignatureInvalid):
        google.provider.read_notification({"Authorization": token()}, push(testNotification={}))


def test_made_up_keys_do_not_make_us_ask_google_each_time(google: GoogleWorld) -> None:
    for number in range(5):
        with pytest.raises(SignatureInvalid):
            google.provider.read_notification({"Authorization": f"Bearer {push_token(kid=f'x{number}')}"}, push())
    assert google.fake.certificates_read == 1


def test_without_googles_keys_nothing_is_taken_nor_refused(google: GoogleWorld) -> None:
    google.troubles.add("GET", "/certs", "failed")
    with pytest.raises(ProviderUnavailable):
        google.provider.read_notification({"Authorization": f"Bearer {push_token()}"}, push(testNotification={}))
    assert facts(google, testNotification={}) == [None]


def test_with_google_play_down_a_notification_is_neither_taken_nor_refused(google: GoogleWorld) -> None:
    google.fake.subscribe("token-1", ORDER)
    google.troubles.add("GET", "/androidpublisher", "down")
    with pytest.raises(ProviderUnavailable):
        facts(google, **subscription(3))


def _raw(data: bytes) -> bytes:
    return json.dumps({"message": {"data": base64.b64encode(data).decode(), "messageId": "1"}}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b'{"message": {"data": "***", "messageId": "1"}}',
        _raw(b"{"),
        _raw(b"[]"),
        push(packageName="com.example.other"),
        push(eventTimeMillis="soon"),
        push(message_id=""),
        push(subscriptionNotification={"notificationType": 2}),
        push(subscriptionNotification={"notificationType": "x", "purchaseToken": "t"}),
        push(voidedPurchaseNotification={"refundType": 1}),
        push(subscriptionNotification=5),
    ],
)
def test_what_is_no_notification_is_unreadable(google: GoogleWorld, body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        google.provider.read_notification({"Authorization": f"Bearer {push_token()}"}, body)
