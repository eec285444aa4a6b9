"""What the port promises about refunds, kept by every adapter."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.billing.providers.port import (
    Declined,
    Processing,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    Settled,
)
from services.billing.tests.providers.worlds import World, again, answer, key, offered, refund


def test_a_refund_gives_back_once_however_often_it_is_sent(refunding: World) -> None:
    reference, charge_key = refunding.paid()
    order = refund(reference, charge_key=charge_key)
    first = refunding.provider.refund(order)
    assert isinstance(first, Settled)
    repeated = again(refunding, order)
    assert isinstance(repeated, Settled)
    assert repeated.reference == first.reference
    assert refunding.given() == 1299


def test_parts_are_refunded_until_nothing_is_left(refunding: World) -> None:
    offered(refunding.provider.capabilities.partial_refund)
    reference, _ = refunding.paid()
    for amount in (1000, 298, 1):
        assert isinstance(refunding.provider.refund(refund(reference, amount)), Settled)
    with pytest.raises(ProviderRefused) as refused:
        refunding.provider.refund(refund(reference, 1))
    assert refused.value.code == "refund_exceeds_charge"
    assert refunding.given() == 1299


def test_more_than_was_charged_is_never_given_back(refunding: World) -> None:
    reference, _ = refunding.paid()
    with pytest.raises(ProviderRefused):
        refunding.provider.refund(refund(reference, 1300))
    assert refunding.given() == 0


def test_a_second_full_refund_is_refused(refunding: World) -> None:
    reference, _ = refunding.paid()
    refunding.provider.refund(refund(reference))
    with pytest.raises(ProviderRefused) as refused:
        refunding.provider.refund(refund(reference))
    assert refused.value.code == "refund_exceeds_charge"
    assert refunding.given() == 1299


def test_many_at_once_never_give_back_more_than_was_charged(refunding: World) -> None:
    offered(refunding.provider.capabilities.partial_refund)
    reference, _ = refunding.paid()
    orders = [refund(reference, 300) for _ in range(20)]
    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(lambda order: answer(refunding, order), orders))
    assert sum(isinstance(outcome, Settled) for outcome in outcomes) == 4
    assert refunding.given() == 1200


@pytest.mark.parametrize("amount", [0, -5])
def test_a_refund_of_nothing_is_refused(refunding: World, amount: int) -> None:
    reference, _ = refunding.paid()
    with pytest.raises(ProviderRefused):
        refunding.provider.refund(refund(reference, amount))
    assert refunding.given() == 0


def test_a_refund_of_what_was_never_charged_is_refused(refunding: World) -> None:
    with pytest.raises(ProviderRefused) as refused:
        refunding.provider.refund(refund(None, charge_key=key()))
    assert refused.value.code == "charge_unknown"


@pytest.mark.parametrize("trouble", ["lost_after", "garbage"])
def test_a_refund_without_a_readable_answer_is_in_doubt_and_found(refunding: World, trouble: str) -> None:
    reference, _ = refunding.paid(trouble)
    order = refund(reference)
    with pytest.raises(ProviderError) as error:
        refunding.provider.refund(order)
    assert error.value.in_doubt
    assert isinstance(refunding.provider.look_up(order), Settled)
    assert isinstance(again(refunding, order), Settled)
    assert refunding.given() == 1299


def test_a_refund_in_doubt_is_found_after_the_provider_has_forgotten_the_key(refunding: World) -> None:
    reference, _ = refunding.paid("lost_after")
    order = refund(reference)
    with pytest.raises(ProviderError):
        refunding.provider.refund(order)
    refunding.forget_keys()
    assert isinstance(refunding.provider.look_up(order), Settled)
    assert refunding.given() == 1299


def test_a_refund_that_never_arrived_is_in_doubt_not_found_and_can_be_sent_again(refunding: World) -> None:
    reference, _ = refunding.paid("lost_before")
    order = refund(reference)
    with pytest.raises(ProviderUnavailable) as error:
        refunding.provider.refund(order)
    assert error.value.in_doubt
    assert refunding.provider.look_up(order) is None
    assert refunding.given() == 0
    assert isinstance(refunding.provider.refund(order), Settled)
    assert refunding.given() == 1299


def test_a_refund_that_was_turned_away_is_not_in_doubt(refunding: World) -> None:
    reference, _ = refunding.paid("down_once")
    order = refund(reference)
    with pytest.raises(ProviderUnavailable) as error:
        refunding.provider.refund(order)
    assert not error.value.in_doubt
    assert refunding.given() == 0
    assert isinstance(refunding.provider.refund(order), Settled)


def test_a_refund_that_the_bank_rejects_is_declined(charging: World) -> None:
    reference, _ = charging.paid("declined")
    outcome = charging.provider.refund(refund(reference))
    assert isinstance(outcome, Declined)
    assert outcome.code == "refund_failed"
    assert charging.given() == 0


def test_a_refund_decided_later_is_processing_and_then_found(charging: World) -> None:
    reference, _ = charging.paid("processing")
    order = refund(reference)
    assert isinstance(charging.provider.refund(order), Processing)
    assert isinstance(charging.provider.look_up(order), Settled)
    assert charging.given() == 1299
