"""What an adapter doesn't offer it refuses, with the code and the reason it declares, and nothing happens."""

from __future__ import annotations

from dataclasses import fields

import pytest

from services.billing.execution.claims import LEASE
from services.billing.money import Money
from services.billing.providers.orders import (
    CancelOrder,
    Charge,
    DetachOrder,
    ExtendOrder,
    Order,
    RefundOrder,
    VoidOrder,
)
from services.billing.providers.port import Capabilities, Capability, ProviderRefused, SignatureInvalid, perform
from services.billing.providers.stores import STORES, Unconfigured
from services.billing.tests.providers.worlds import EUROS, World, key

NAMES = [field.name for field in fields(Capabilities)]


def order_for(capability: str, reference: str) -> Order:
    """An order that needs this capability."""
    part = Money(500, "EUR") if capability == "partial_refund" else EUROS
    orders: dict[str, Order] = {
        "charge": Charge(key=key(), amount=EUROS, payment_method="pm_1"),
        "refund": RefundOrder(key=key(), amount=part, charged=EUROS, charge_reference=reference),
        "partial_refund": RefundOrder(key=key(), amount=part, charged=EUROS, charge_reference=reference),
        "void": VoidOrder(key=key(), charge_reference=reference, charge_key=key()),
        "detach": DetachOrder(key=key(), payment_method="pm_1"),
        "cancel": CancelOrder(key=key(), subscription_reference="s"),
        "extend": ExtendOrder(key=key(), subscription_reference="s", days=3, renews_at="2026-04-01T00:00:00Z"),
    }
    return orders[capability]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_offered_is_refused_with_its_reason(world: World, name: str) -> None:
    capability: Capability = getattr(world.provider.capabilities, name)
    if capability:
        pytest.skip("offered: other tests say how")
    reference, _ = world.paid()
    before = (world.taken(), world.given())
    with pytest.raises(ProviderRefused) as refused:
        perform(world.provider, order_for(name, reference))
    assert (refused.value.code, refused.value.message) == (capability.code, capability.reason)
    assert (world.taken(), world.given()) == before
    with pytest.raises(ProviderRefused):
        capability.require()


@pytest.mark.parametrize("name", NAMES)
def test_a_reason_is_a_sentence_for_the_agent(world: World, name: str) -> None:
    capability: Capability = getattr(world.provider.capabilities, name)
    if capability:
        capability.require()
        assert (capability.code, capability.reason) == ("", "")
    else:
        assert capability.code
        assert capability.reason.endswith(".")


@pytest.mark.parametrize("provider", [*STORES, "stripe", "of_the_future"])
@pytest.mark.parametrize("name", NAMES)
def test_a_provider_that_is_not_set_up_refuses_everything(provider: str, name: str) -> None:
    unconfigured = Unconfigured(provider)
    capability: Capability = getattr(unconfigured.capabilities, name)
    assert not capability
    with pytest.raises(ProviderRefused) as refused:
        perform(unconfigured, order_for(name, "r"))
    expected = unconfigured.capabilities.refund if name == "partial_refund" else capability
    assert (refused.value.code, refused.value.message) == (expected.code, expected.reason)
    assert unconfigured.renews_itself == (provider in STORES)


def test_a_provider_that_is_not_set_up_has_nothing_else_either() -> None:
    unconfigured = Unconfigured("stripe")
    with pytest.raises(ProviderRefused):
        unconfigured.describe("pm_1")
    with pytest.raises(ProviderRefused):
        unconfigured.look_up(order_for("charge", "r"))
    with pytest.raises(SignatureInvalid):
        unconfigured.read_notification({}, b"{}")


def test_no_call_outlasts_the_lease_under_which_it_is_made(world: World) -> None:
    assert world.provider.longest_call < LEASE


def test_no_capability_is_forgotten() -> None:
    assert NAMES == ["charge", "refund", "partial_refund", "void", "detach", "cancel", "extend"]
