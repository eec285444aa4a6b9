"""Stripe's own ways, beyond what all providers have in common."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.billing.money import Money
from services.billing.providers.orders import Charge, DetachOrder, RefundOrder
from services.billing.providers.port import (
    Declined,
    ProviderError,
    ProviderGarbage,
    ProviderRefused,
    ProviderUnavailable,
    Settled,
)
from services.billing.providers.stripe import Stripe
from services.billing.providers.stripe_money import from_stripe, to_stripe
from services.billing.tests.providers.stripe_world import StripeWorld
from services.billing.tests.providers.worlds import EUROS, charge, key, pay, refund


def test_what_stripe_is_told_of_a_charge(stripe: StripeWorld) -> None:
    order = charge(stripe.method())
    stripe.provider.charge(order)
    (intent,) = stripe.fake.intents.values()
    assert (intent["amount"], intent["currency"], intent["description"]) == (1299, "eur", "Monthly")
    assert intent["metadata"] == {"operation_id": order.key, "customer_id": "cus_1"}


def test_the_customer_at_stripe_is_found_out_where_it_is_not_known(stripe: StripeWorld) -> None:
    order = replace(charge(stripe.method()), provider_customer=None)
    assert isinstance(stripe.provider.charge(order), Settled)
    assert isinstance(stripe.provider.look_up(order), Settled)


def test_a_payment_method_without_a_customer_can_not_be_kept(stripe: StripeWorld) -> None:
    with pytest.raises(ProviderRefused) as refused:
        stripe.provider.describe(stripe.fake.method(customer=None))
    assert refused.value.code == "payment_method_unattached"


def test_a_bank_debit_is_described_without_a_card(stripe: StripeWorld) -> None:
    method = stripe.provider.describe(stripe.fake.method(kind="sepa_debit"))
    assert (method.kind, method.brand, method.last4, method.expiry_year) == ("sepa_debit", None, "3000", None)


def test_a_token_of_another_kind_is_refused_before_stripe_is_asked(stripe: StripeWorld) -> None:
    for token in ("tok_visa", "", "card_1", "pm_../../customers"):
        with pytest.raises(ProviderRefused):
            stripe.provider.describe(token)


def test_a_payment_method_of_another_customer_is_refused(stripe: StripeWorld) -> None:
    order = replace(charge(stripe.method()), provider_customer="cus_other")
    with pytest.raises(ProviderRefused):
        stripe.provider.charge(order)
    assert stripe.taken() == 0


@pytest.mark.parametrize(
    ("code", "may_recover"),
    [("do_not_honor", True), ("expired_card", False), ("lost_card", False), ("authentication_required", False)],
)
def test_decline_codes(stripe: StripeWorld, code: str, may_recover: bool) -> None:
    order = charge(stripe.provider.describe(stripe.fake.method(code)))
    for outcome in (stripe.provider.charge(order), stripe.provider.look_up(order), stripe.provider.charge(order)):
        assert isinstance(outcome, Declined)
        assert (outcome.code, outcome.may_recover) == (code, may_recover)
        assert outcome.reference in stripe.fake.intents


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
    stripe: StripeWorld, trouble: str, kind: type[ProviderError], in_doubt: bool
) -> None:
    stripe.provider = stripe.adapter(answer_seconds=0.4)
    order = charge(stripe.method())
    stripe.troubles.add("POST", "/v1/payment_intents", trouble)
    with pytest.raises(kind) as error:
        stripe.provider.charge(order)
    assert error.value.in_doubt == in_doubt
    assert isinstance(stripe.provider.look_up(order) or stripe.provider.charge(order), Settled)
    assert stripe.taken() == 1299


@pytest.mark.parametrize("trouble", ["failed", "garbage", "lost_before", "busy"])
def test_looking_up_that_fails_says_nothing(stripe: StripeWorld, trouble: str) -> None:
    order = charge(stripe.method())
    stripe.troubles.add("GET", "/v1/payment_intents", trouble)
    with pytest.raises(ProviderError):
        stripe.provider.look_up(order)


def test_nobody_at_the_address_is_not_in_doubt() -> None:
    adapter = Stripe("sk_test", webhook_secrets=["whsec"], api_base="http://127.0.0.1:9")
    with pytest.raises(ProviderUnavailable) as error:
        adapter.charge(Charge(key=key(), amount=EUROS, payment_method="pm_1", provider_customer="cus_1"))
    assert not error.value.in_doubt


def test_a_wrong_api_key_waits_until_it_is_mended_and_is_not_shown(stripe: StripeWorld) -> None:
    adapter = stripe.adapter(api_key="sk_live_secret")
    with pytest.raises(ProviderUnavailable) as error:
        adapter.charge(charge(stripe.method()))
    assert not error.value.in_doubt
    assert "sk_live" not in f"{error.value!r} {adapter!r} {vars(adapter)!r}"


def test_a_charge_is_found_among_more_than_a_page_of_others(stripe: StripeWorld) -> None:
    method = stripe.method()
    order = charge(method)
    stripe.provider.charge(order)
    for number in range(230):
        name = f"pi_more{number}"
        stripe.fake.intents[name] = {**next(iter(stripe.fake.intents.values())), "id": name, "metadata": {}}
    found = stripe.provider.look_up(order)
    assert isinstance(found, Settled)
    assert found.reference.startswith("pi_fake")


def test_a_refund_of_a_charge_whose_reference_was_never_learnt(stripe: StripeWorld) -> None:
    _, charge_key = stripe.paid()
    order = refund(None, charge_key=charge_key)
    assert isinstance(stripe.provider.refund(order), Settled)
    assert isinstance(stripe.provider.look_up(order), Settled)
    assert stripe.given() == 1299


def test_what_is_not_settled_can_not_be_refunded(stripe: StripeWorld) -> None:
    order = charge(stripe.provider.describe(stripe.fake.method("undecided")))
    stripe.provider.charge(order)
    with pytest.raises(ProviderRefused):
        stripe.provider.refund(refund(None, charge_key=order.key))


def test_a_refund_in_another_currency_is_refused(stripe: StripeWorld) -> None:
    reference, _ = pay(stripe, stripe.method())
    order = RefundOrder(key=key(), amount=Money(500, "USD"), charged=EUROS, charge_reference=reference)
    with pytest.raises(ProviderRefused, match="currency_mismatch"):
        stripe.provider.refund(order)
    assert stripe.given() == 0


def test_a_payment_method_that_stripe_has_forgotten_counts_as_detached(stripe: StripeWorld) -> None:
    assert isinstance(stripe.provider.detach(DetachOrder(key=key(), payment_method="pm_gone")), Settled)


def test_a_detachment_whose_answer_is_lost_is_found(stripe: StripeWorld) -> None:
    order = DetachOrder(key=key(), payment_method=stripe.method().reference)
    stripe.troubles.add("POST", "/v1/payment_methods", "lost_after")
    with pytest.raises(ProviderUnavailable) as error:
        stripe.provider.detach(order)
    assert error.value.in_doubt
    assert isinstance(stripe.provider.look_up(order), Settled)
    assert isinstance(stripe.provider.detach(order), Settled)


@pytest.mark.parametrize(
    ("amount", "number"),
    [
        (Money(1299, "EUR"), 1299),
        (Money(500, "JPY"), 500),
        (Money(500, "ISK"), 50_000),
        (Money(500, "UGX"), 50_000),
        (Money(12_500, "MGA"), 125),
        (Money(1230, "KWD"), 1230),
    ],
)
def test_amounts_are_stripes_and_back(amount: Money, number: int) -> None:
    assert to_stripe(amount) == (number, amount.currency.lower())
    assert from_stripe(number, amount.currency.lower()) == amount


@pytest.mark.parametrize("amount", [Money(1234, "KWD"), Money(12_501, "MGA"), Money(0, "EUR"), Money(-1, "EUR")])
def test_amounts_that_stripe_can_not_charge_exactly_are_refused(amount: Money) -> None:
    with pytest.raises(ProviderRefused, match="amount_invalid"):
        to_stripe(amount)
