"""The App Store: its notifications, and moving a renewal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography import x509

from services.billing.money import Money
from services.billing.providers.notifications import Fact, RefundFailed, RefundSettled, StoreChange, StorePayment
from services.billing.providers.orders import ExtendOrder, RefundOrder
from services.billing.providers.port import (
    NotificationUnreadable,
    ProviderError,
    ProviderGarbage,
    ProviderRefused,
    ProviderUnavailable,
    Settled,
    SignatureInvalid,
)
from services.billing.tests.providers.apple_signing import Authority, now
from services.billing.tests.providers.apple_world import AppleWorld, authority
from services.billing.tests.providers.worlds import EUROS, key


def fact(apple: AppleWorld, kind: str, subtype: str | None = None, **changes: Any) -> Fact | None:
    """What a notification with a changed transaction tells."""
    renewal = changes.pop("renewal", None)
    transaction = authority().transaction(**changes)
    body = authority().notification(kind, subtype, transaction=transaction, renewal=renewal)
    (told,) = apple.provider.read_notification({}, body)
    return told.fact


def test_a_renewal(apple: AppleWorld) -> None:
    told = fact(apple, "DID_RENEW")
    assert isinstance(told, StorePayment)
    assert (told.order_id, told.subscription_reference) == ("2000000000000007", "2000000000000001")
    assert (told.amount, told.is_renewal, told.is_trial) == (EUROS, True, False)
    assert told.account == "01890a5d-ac96-774b-bcce-b302099a8057"
    assert told.starts_at.isoformat() == "2026-03-01T10:00:00+00:00"
    assert told.until is not None
    assert told.until.isoformat() == "2026-04-01T10:00:00+00:00"


def test_a_first_purchase_with_a_trial(apple: AppleWorld) -> None:
    told = fact(
        apple,
        "SUBSCRIBED",
        "INITIAL_BUY",
        transactionReason="PURCHASE",
        offerType=1,
        offerDiscountType="FREE_TRIAL",
        price=0,
    )
    assert isinstance(told, StorePayment)
    assert (told.is_trial, told.is_renewal, told.amount) == (True, False, Money(0, "EUR"))


def test_something_bought_once_has_no_subscription(apple: AppleWorld) -> None:
    told = fact(apple, "ONE_TIME_CHARGE", type="Non-Consumable", expiresDate=None)
    assert isinstance(told, StorePayment)
    assert (told.subscription_reference, told.until) == (None, None)


@pytest.mark.parametrize(
    ("price", "currency", "amount"),
    [(12_990, "EUR", 1299), (500_000, "JPY", 500), (1_234, "KWD", 1234), (None, "EUR", None)],
)
def test_prices_are_exact_in_every_currency(
    apple: AppleWorld, price: int | None, currency: str, amount: int | None
) -> None:
    told = fact(apple, "DID_RENEW", price=price, currency=currency)
    assert isinstance(told, StorePayment)
    assert told.amount == (None if amount is None else Money(amount, currency))


@pytest.mark.parametrize(
    ("kind", "subtype", "status"),
    [
        ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", "cancelled"),
        ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED", "active"),
        ("DID_FAIL_TO_RENEW", None, "past_due"),
        ("DID_FAIL_TO_RENEW", "GRACE_PERIOD", "past_due"),
        ("GRACE_PERIOD_EXPIRED", None, "past_due"),
        ("EXPIRED", "VOLUNTARY", "expired"),
        ("EXPIRED", "BILLING_RETRY", "expired"),
        ("REVOKE", None, "revoked"),
        ("RENEWAL_EXTENDED", None, "active"),
    ],
)
def test_changes_of_a_subscription(apple: AppleWorld, kind: str, subtype: str | None, status: str) -> None:
    told = fact(apple, kind, subtype)
    assert isinstance(told, StoreChange)
    assert (told.subscription_reference, told.status, told.product) == ("2000000000000001", status, "monthly")


def test_grace_goes_on_to_its_own_date(apple: AppleWorld) -> None:
    renewal = authority().renewal(gracePeriodExpiresDate=1775642400000)
    told = fact(apple, "DID_FAIL_TO_RENEW", "GRACE_PERIOD", renewal=renewal)
    assert isinstance(told, StoreChange)
    assert told.until is not None
    assert told.until.isoformat() == "2026-04-08T10:00:00+00:00"


def test_a_refund_by_apple(apple: AppleWorld) -> None:
    expected = RefundSettled(
        key=None,
        reference="2000000000000007:refund",
        charge_reference="2000000000000007",
        charge_key=None,
        amount=None,
    )
    assert fact(apple, "REFUND", revocationReason=0, revocationDate=now()) == expected
    prorated = fact(apple, "REFUND", revocationType="REFUND_PRORATED", revocationPercentage=50_000)
    assert isinstance(prorated, RefundSettled)
    assert prorated.amount == Money(650, "EUR")


def test_a_refund_that_apple_takes_back(apple: AppleWorld) -> None:
    told = fact(apple, "REFUND_REVERSED")
    assert isinstance(told, RefundFailed)
    assert told.reference == "2000000000000007:refund"


@pytest.mark.parametrize("kind", ["PRICE_INCREASE", "CONSUMPTION_REQUEST", "REFUND_DECLINED", "OF_THE_FUTURE"])
def test_what_changes_nothing_here_is_taken(apple: AppleWorld, kind: str) -> None:
    assert fact(apple, kind) is None


def test_a_test_notification_is_taken(apple: AppleWorld) -> None:
    data = {"appAppleId": 41234, "bundleId": "com.example.news", "environment": "Production"}
    body = authority().notification("TEST", data=data)
    (told,) = apple.provider.read_notification({}, body)
    assert (told.type, told.fact) == ("TEST", None)


def test_a_repeated_notification_has_the_same_id(apple: AppleWorld) -> None:
    body = authority().notification("DID_RENEW")
    assert apple.provider.read_notification({}, body) == apple.provider.read_notification({}, body)


def _other(**changes: Any) -> bytes:
    data = {
        "appAppleId": 41234,
        "bundleId": "com.example.news",
        "environment": "Production",
        "signedTransactionInfo": authority().transaction(),
        **changes,
    }
    return authority().notification("DID_RENEW", data=data)


def _cut(body: bytes) -> bytes:
    signed: str = json.loads(body)["signedPayload"]
    head, payload, signature = signed.split(".")
    other = json.loads(authority().notification("EXPIRED"))["signedPayload"].split(".")[1]
    assert payload != other
    return json.dumps({"signedPayload": f"{head}.{other}.{signature}"}).encode()


FORGED = {
    "another authority": lambda: Authority().notification("DID_RENEW"),
    "no mark of Apple's in the leaf": lambda: _of(Authority(leaf_mark=x509.ObjectIdentifier("1.2.3.4"))),
    "payload exchanged": lambda: _cut(authority().notification("DID_RENEW")),
    "unsigned": lambda: json.dumps({"signedPayload": "eyJhbGciOiJub25lIn0.e30."}).encode(),
    "no JWS": lambda: json.dumps({"signedPayload": "x"}).encode(),
    "another app": lambda: _other(bundleId="com.example.other"),
    "another app's ID": lambda: _other(appAppleId=5),
    "Apple's sandbox": lambda: _other(environment="Sandbox"),
    "a transaction of another authority": lambda: _other(signedTransactionInfo=Authority().transaction()),
    "a transaction of another app": lambda: _other(
        signedTransactionInfo=authority().transaction(bundleId="com.example.other")
    ),
}


def _of(forger: Authority) -> bytes:
    # With the right root at the end of the chain, as a forger would send it.
    forger.chain[2] = authority().chain[2]
    return forger.notification("DID_RENEW")


@pytest.mark.parametrize("name", FORGED)
def test_what_apple_did_not_sign_for_this_app_is_refused(apple: AppleWorld, name: str) -> None:
    with pytest.raises(SignatureInvalid):
        apple.provider.read_notification({}, FORGED[name]())


def test_what_was_signed_when_the_certificate_had_ended_is_refused(apple: AppleWorld) -> None:
    ends = 11 * 365 * 24 * 3600 * 1000
    with pytest.raises(SignatureInvalid):
        apple.provider.read_notification({}, authority().notification("DID_RENEW", signedDate=now() + ends))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"signedPayload": 5}', b"\xff", b"null"])
def test_what_is_no_notification_is_unreadable(apple: AppleWorld, body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        apple.provider.read_notification({}, body)


@pytest.mark.parametrize(
    "changes",
    [{"notificationUUID": None}, {"signedDate": None}, {"notificationUUID": ""}],
)
def test_a_signed_notification_without_what_it_needs_is_unreadable(apple: AppleWorld, changes: dict[str, Any]) -> None:
    with pytest.raises(NotificationUnreadable):
        apple.provider.read_notification({}, authority().notification("DID_RENEW", **changes))


@pytest.mark.parametrize(
    "changes", [{"transactionId": None}, {"productId": ""}, {"purchaseDate": None}, {"currency": "EURO"}]
)
def test_a_signed_transaction_without_what_it_needs_is_unreadable(apple: AppleWorld, changes: dict[str, Any]) -> None:
    with pytest.raises(NotificationUnreadable):
        fact(apple, "DID_RENEW", **changes)


# --- moving a renewal --------------------------------------------------------------------------------------


def extension(days: int = 14, name: str = "2000000000000001", at: str = "2026-04-01T10:00:00Z") -> ExtendOrder:
    return ExtendOrder(key=key(), subscription_reference=name, days=days, renews_at=at)


def test_a_renewal_is_moved(apple: AppleWorld) -> None:
    outcome = apple.provider.extend(extension())
    assert isinstance(outcome, Settled)
    assert outcome.until is not None
    assert outcome.until.isoformat() == "2026-04-15T10:00:00+00:00"


@pytest.mark.parametrize("trouble", ["lost_after", "garbage", "failed"])
def test_a_move_whose_answer_is_lost_is_found(apple: AppleWorld, trouble: str) -> None:
    order = extension()
    assert apple.provider.look_up(order) is None
    apple.troubles.add("PUT", "/inApps", trouble)
    with pytest.raises(ProviderError) as error:
        apple.provider.extend(order)
    assert error.value.in_doubt
    assert isinstance(apple.provider.look_up(order), Settled)
    assert apple.fake.extended == {"2000000000000001": 1}


def test_a_move_that_was_turned_away_can_be_sent_again(apple: AppleWorld) -> None:
    order = extension()
    apple.troubles.add("PUT", "/inApps", "busy")
    with pytest.raises(ProviderUnavailable) as error:
        apple.provider.extend(order)
    assert not error.value.in_doubt
    assert apple.provider.look_up(order) is None
    assert isinstance(apple.provider.extend(order), Settled)


def test_a_third_move_in_a_year_is_refused_with_the_reason(apple: AppleWorld) -> None:
    apple.provider.extend(extension())
    apple.provider.extend(extension(at="2026-04-15T10:00:00Z"))
    with pytest.raises(ProviderRefused, match="maximum extension count"):
        apple.provider.extend(extension(at="2026-04-29T10:00:00Z"))


@pytest.mark.parametrize("days", [0, -1, 91])
def test_a_move_by_too_much_is_refused(apple: AppleWorld, days: int) -> None:
    with pytest.raises(ProviderRefused, match="extension_invalid"):
        apple.provider.extend(extension(days))


def test_a_subscription_that_apple_does_not_know(apple: AppleWorld) -> None:
    for call in (apple.provider.extend, apple.provider.look_up):
        with pytest.raises(ProviderRefused, match="subscription_unknown"):
            call(extension(name="404"))


@pytest.mark.parametrize(("trouble", "kind"), [("garbage", ProviderGarbage), ("down", ProviderUnavailable)])
def test_looking_up_that_fails_says_nothing(apple: AppleWorld, trouble: str, kind: type[ProviderError]) -> None:
    apple.troubles.add("GET", "/inApps", trouble)
    with pytest.raises(kind):
        apple.provider.look_up(extension())


def test_a_refund_is_never_looked_for(apple: AppleWorld) -> None:
    order = RefundOrder(key=key(), amount=EUROS, charged=EUROS, charge_reference="2000000000000007")
    assert apple.provider.look_up(order) is None
