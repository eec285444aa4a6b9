"""Google Play's own ways: orders refunded whole, subscriptions stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.billing.money import Money
from services.billing.providers.orders import CancelOrder, RefundOrder
from services.billing.providers.port import (
    Processing,
    ProviderError,
    ProviderGarbage,
    ProviderRefused,
    ProviderUnavailable,
    Settled,
)
from services.billing.tests.providers.google_world import GoogleWorld
from services.billing.tests.providers.worlds import EUROS, key, refund


def cancellation(of: str = "token-1") -> CancelOrder:
    return CancelOrder(key=key(), subscription_reference=of)


@pytest.mark.parametrize("ends_access", [True, False])
def test_a_refund_ends_the_access_only_where_it_should(google: GoogleWorld, ends_access: bool) -> None:
    reference, _ = google.paid()
    outcome = google.provider.refund(replace(refund(reference), ends_access=ends_access))
    assert isinstance(outcome, Settled)
    assert outcome.reference == f"{reference}:refund"
    assert google.fake.revoked == ([reference] if ends_access else [])


def test_a_renewals_order_is_refunded(google: GoogleWorld) -> None:
    google.fake.sell("GPA.3345-1234-5678-90123..0")
    assert isinstance(google.provider.refund(refund("GPA.3345-1234-5678-90123..0")), Settled)


def test_a_refund_in_part_is_refused_with_where_to_do_it(google: GoogleWorld) -> None:
    reference, _ = google.paid()
    with pytest.raises(ProviderRefused, match="Play Console"):
        google.provider.refund(refund(reference, 500))
    assert google.given() == 0


def test_a_refund_in_another_currency_is_refused(google: GoogleWorld) -> None:
    reference, _ = google.paid()
    order = RefundOrder(key=key(), amount=Money(1299, "USD"), charged=EUROS, charge_reference=reference)
    with pytest.raises(ProviderRefused, match="currency_mismatch"):
        google.provider.refund(order)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("PENDING", "charge_not_settled"),
        ("CANCELED", "refund_exceeds_charge"),
        ("PENDING_REFUND", "refund_exceeds_charge"),
    ],
)
def test_why_an_order_can_not_be_refunded(google: GoogleWorld, state: str, code: str) -> None:
    reference, _ = google.paid()
    google.fake.orders[reference]["state"] = state
    with pytest.raises(ProviderRefused) as refused:
        google.provider.refund(refund(reference))
    assert refused.value.code == code


def test_a_refund_that_google_still_works_on(google: GoogleWorld) -> None:
    reference, _ = google.paid()
    google.fake.orders[reference]["state"] = "PENDING_REFUND"
    assert isinstance(google.provider.look_up(refund(reference)), Processing)


def test_an_order_that_nobody_knows(google: GoogleWorld) -> None:
    for call in (google.provider.refund, google.provider.look_up):
        with pytest.raises(ProviderRefused, match="charge_unknown"):
            call(refund("GPA.0"))


@pytest.mark.parametrize("name", ["../purchases", "a/b?c=d&revoke=true", "GPA 1", ""])
def test_an_order_id_never_becomes_another_address(google: GoogleWorld, name: str) -> None:
    with pytest.raises(ProviderRefused, match="charge_unknown"):
        google.provider.refund(refund(name))


def test_a_subscription_is_stopped_once(google: GoogleWorld) -> None:
    google.fake.subscribe("token-1", "GPA.1")
    order = cancellation()
    assert google.provider.look_up(order) is None
    assert isinstance(google.provider.cancel(order), Settled)
    assert isinstance(google.provider.look_up(order), Settled)
    assert isinstance(google.provider.cancel(order), Settled)
    assert google.fake.subscriptions["token-1"]["subscriptionState"] == "SUBSCRIPTION_STATE_CANCELED"


def test_a_subscription_that_can_not_be_stopped_now(google: GoogleWorld) -> None:
    google.fake.subscribe("token-1", "GPA.1", state="ON_HOLD")
    with pytest.raises(ProviderRefused):
        google.provider.cancel(cancellation())


def test_a_subscription_that_nobody_knows(google: GoogleWorld) -> None:
    for call in (google.provider.cancel, google.provider.look_up):
        with pytest.raises(ProviderRefused, match="subscription_unknown"):
            call(cancellation())


@pytest.mark.parametrize(
    ("trouble", "kind", "in_doubt"),
    [
        ("failed", ProviderUnavailable, True),
        ("down", ProviderUnavailable, True),
        ("hang", ProviderUnavailable, True),
        ("garbage", ProviderGarbage, True),
        ("busy", ProviderUnavailable, False),
    ],
)
def test_whatever_happens_on_the_way_is_one_of_the_ports_errors(
    google: GoogleWorld, trouble: str, kind: type[ProviderError], in_doubt: bool
) -> None:
    google.provider = google.adapter(answer_seconds=0.5)
    reference, _ = google.paid()
    google.troubles.add("POST", "/androidpublisher", trouble)
    with pytest.raises(kind) as error:
        google.provider.refund(refund(reference))
    assert error.value.in_doubt == in_doubt


def test_a_service_account_that_gets_no_token_has_sent_nothing(google: GoogleWorld) -> None:
    reference, _ = google.paid()
    google.fake.token_refused = True
    with pytest.raises(ProviderUnavailable) as error:
        google.provider.refund(refund(reference))
    assert not error.value.in_doubt
    assert google.given() == 0
