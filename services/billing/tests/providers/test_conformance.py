"""What the port promises, kept by every adapter. What one doesn't offer it refuses, with the reason it declares."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from services.billing.money import Money
from services.billing.providers.orders import DetachOrder, VoidOrder
from services.billing.providers.port import (
    Declined,
    Processing,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    Settled,
)
from services.billing.tests.providers.worlds import World, answer, charge, key, offered, refund

# --- charging ----------------------------------------------------------------------------------------------


def test_a_charge_takes_the_amount_once_however_often_it_is_sent(charging: World) -> None:
    order = charge(charging.method())
    first = charging.provider.charge(order)
    assert isinstance(first, Settled)
    assert first.reference
    again = charging.provider.charge(order)
    assert isinstance(again, Settled)
    assert again.reference == first.reference
    assert charging.taken() == 1299


def test_two_keys_are_two_charges(charging: World) -> None:
    method = charging.method()
    first, second = (charging.provider.charge(charge(method)) for _ in range(2))
    assert isinstance(first, Settled)
    assert isinstance(second, Settled)
    assert first.reference != second.reference
    assert charging.taken() == 2598


def test_one_key_for_two_different_charges_is_refused(charging: World) -> None:
    order = charge(charging.method())
    charging.provider.charge(order)
    with pytest.raises(ProviderRefused) as refused:
        charging.provider.charge(replace(order, amount=Money(1300, "EUR")))
    assert refused.value.code == "key_reused"
    assert charging.taken() == 1299


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_minor_units_are_those_of_the_currency(charging: World, currency: str) -> None:
    assert isinstance(charging.provider.charge(charge(charging.method(), Money(5000, currency))), Settled)
    assert charging.taken() == 5000


def test_a_declined_charge_says_why_and_takes_nothing(charging: World) -> None:
    order = charge(charging.method("declined"))
    outcome = charging.provider.charge(order)
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.may_recover) == ("insufficient_funds", True)
    assert outcome.message
    looked_up = charging.provider.look_up(order)
    assert isinstance(looked_up, Declined)
    assert looked_up.code == "insufficient_funds"
    assert charging.taken() == 0


def test_a_stolen_card_is_not_worth_another_try(charging: World) -> None:
    outcome = charging.provider.charge(charge(charging.method("stolen")))
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.may_recover) == ("stolen_card", False)


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_and_less_is_no_amount(charging: World, amount: int) -> None:
    with pytest.raises(ProviderRefused):
        charging.provider.charge(charge(charging.method(), Money(amount, "EUR")))
    assert charging.taken() == 0


def test_a_payment_method_that_nobody_knows_is_refused(charging: World) -> None:
    with pytest.raises(ProviderRefused) as refused:
        charging.provider.describe("tok_of_nobody")
    assert refused.value.code == "token_unknown"


def test_a_payment_method_is_described(charging: World) -> None:
    method = charging.method()
    assert (method.kind, method.brand, method.last4) == ("card", "Visa", "4242")
    assert method.expiry_year is not None
    assert 1 <= (method.expiry_month or 0) <= 12
    assert charging.provider.describe(method.reference).reference == method.reference


@pytest.mark.parametrize("trouble", ["lost_after", "garbage"])
def test_a_charge_without_a_readable_answer_is_in_doubt_and_found(charging: World, trouble: str) -> None:
    order = charge(charging.method(trouble))
    with pytest.raises(ProviderError) as error:
        charging.provider.charge(order)
    assert error.value.in_doubt
    found = charging.provider.look_up(order)
    assert isinstance(found, Settled)
    again = charging.provider.charge(order)
    assert isinstance(again, Settled)
    assert again.reference == found.reference
    assert charging.taken() == 1299


def test_a_charge_in_doubt_is_found_after_the_provider_has_forgotten_the_key(charging: World) -> None:
    order = charge(charging.method("lost_after"))
    with pytest.raises(ProviderError):
        charging.provider.charge(order)
    charging.forget_keys()
    assert isinstance(charging.provider.look_up(order), Settled)
    assert charging.taken() == 1299


def test_a_charge_that_never_arrived_is_in_doubt_not_found_and_can_be_sent_again(charging: World) -> None:
    order = charge(charging.method("lost_before"))
    with pytest.raises(ProviderUnavailable) as error:
        charging.provider.charge(order)
    assert error.value.in_doubt
    assert charging.provider.look_up(order) is None
    assert charging.taken() == 0
    assert isinstance(charging.provider.charge(order), Settled)
    assert charging.taken() == 1299


def test_a_charge_that_was_turned_away_is_not_in_doubt(charging: World) -> None:
    order = charge(charging.method("down_once"))
    with pytest.raises(ProviderUnavailable) as error:
        charging.provider.charge(order)
    assert not error.value.in_doubt
    assert charging.taken() == 0
    assert isinstance(charging.provider.charge(order), Settled)


@pytest.mark.parametrize(("trouble", "expected"), [("processing", Settled), ("processing_declined", Declined)])
def test_a_charge_decided_later_is_processing_and_then_found(
    charging: World, trouble: str, expected: type[object]
) -> None:
    order = charge(charging.method(trouble))
    outcome = charging.provider.charge(order)
    assert isinstance(outcome, Processing)
    assert outcome.reference
    assert charging.taken() == 0
    assert isinstance(charging.provider.look_up(order), expected)
    assert charging.taken() == (1299 if expected is Settled else 0)


def test_the_same_charge_from_many_threads_is_made_once(charging: World) -> None:
    order = charge(charging.method())
    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(lambda _: answer(charging, order), range(20)))
    assert {type(outcome) for outcome in outcomes} <= {Settled, ProviderUnavailable}
    assert any(isinstance(outcome, Settled) for outcome in outcomes)
    assert charging.taken() == 1299


# --- voiding -----------------------------------------------------------------------------------------------


def test_a_charge_that_is_not_settled_is_called_off_for_good(charging: World) -> None:
    offered(charging.provider.capabilities.void)
    order = charge(charging.method("undecided"))
    outcome = charging.provider.charge(order)
    assert isinstance(outcome, Processing)
    void = VoidOrder(key=key(), charge_reference=outcome.reference, charge_key=order.key)
    assert isinstance(charging.provider.void(void), Settled)
    assert isinstance(charging.provider.void(void), Settled)
    assert isinstance(charging.provider.look_up(void), Settled)
    assert isinstance(charging.provider.look_up(order), Declined)
    assert charging.taken() == 0


def test_a_charge_is_called_off_by_its_key_where_its_reference_is_unknown(charging: World) -> None:
    offered(charging.provider.capabilities.void)
    order = charge(charging.method("undecided"))
    charging.provider.charge(order)
    void = VoidOrder(key=key(), charge_reference=None, charge_key=order.key)
    assert isinstance(charging.provider.void(void), Settled)
    assert isinstance(charging.provider.look_up(order), Declined)


def test_a_settled_charge_can_not_be_called_off(charging: World) -> None:
    offered(charging.provider.capabilities.void)
    reference, charge_key = charging.paid()
    with pytest.raises(ProviderRefused) as refused:
        charging.provider.void(VoidOrder(key=key(), charge_reference=reference, charge_key=charge_key))
    assert refused.value.code == "charge_settled"
    assert charging.taken() == 1299


def test_a_charge_that_never_was_can_not_be_called_off(charging: World) -> None:
    offered(charging.provider.capabilities.void)
    with pytest.raises(ProviderRefused) as refused:
        charging.provider.void(VoidOrder(key=key(), charge_reference=None, charge_key=key()))
    assert refused.value.code == "charge_unknown"


# --- detaching ---------------------------------------------------------------------------------------------


def test_a_detached_payment_method_can_not_be_charged_and_is_detached_once(charging: World) -> None:
    offered(charging.provider.capabilities.detach)
    method, other = charging.method(), charging.method()
    order = DetachOrder(key=key(), payment_method=method.reference)
    assert isinstance(charging.provider.detach(order), Settled)
    assert isinstance(charging.provider.detach(order), Settled)
    assert isinstance(charging.provider.detach(replace(order, key=key())), Settled)
    with pytest.raises(ProviderRefused) as refused:
        charging.provider.charge(charge(method))
    assert refused.value.code == "payment_method_detached"
    assert charging.taken() == 0
    assert isinstance(charging.provider.charge(charge(other)), Settled)


def test_a_detached_payment_method_is_found_detached(charging: World) -> None:
    offered(charging.provider.capabilities.detach)
    order = DetachOrder(key=key(), payment_method=charging.method().reference)
    assert charging.provider.look_up(order) is None
    charging.provider.detach(order)
    assert isinstance(charging.provider.look_up(order), Settled)


# --- looking up --------------------------------------------------------------------------------------------


def test_what_was_never_sent_is_not_found(charging: World) -> None:
    assert charging.provider.look_up(charge(charging.method())) is None
    reference, _ = charging.paid()
    assert charging.provider.look_up(refund(reference)) is None
