"""A provider as the conformance suite needs it: with what makes it misbehave, and what it has really done."""

from __future__ import annotations

from typing import Protocol

import pytest

from servicekit.ids import new_id
from services.billing.money import Money
from services.billing.providers import sandbox_store as results
from services.billing.providers.orders import Charge, Order, RefundOrder
from services.billing.providers.port import (
    Capability,
    MethodDetails,
    Outcome,
    Provider,
    ProviderError,
    Settled,
    perform,
)
from services.billing.providers.sandbox import Sandbox
from services.billing.providers.sandbox_store import SandboxStore

EUROS = Money(1299, "EUR")
SECRET = "a secret of these tests"


class World(Protocol):
    """One adapter and what stands behind it."""

    provider: Provider

    def method(self, trouble: str = "", *, on: str = "charge") -> MethodDetails:
        """A payment method; ``trouble`` is what happens to the next ``charge`` or ``refund`` made by it.

        declined, stolen, processing, processing_declined, lost_before, lost_after, garbage, down_once.
        """

    def paid(self, trouble: str = "", *, amount: Money = EUROS) -> tuple[str, str]:
        """Reference and key of something that was paid; ``trouble`` is what happens to its next refund."""

    def taken(self) -> int:
        """All that the provider has taken, in minor units."""

    def given(self) -> int:
        """All that the provider has given back."""

    def forget_keys(self) -> None:
        """What comes later is later than the provider keeps idempotency keys."""


def key() -> str:
    """An idempotency key as operations have it."""
    return new_id("op")


_TOKENS = {
    ("", "charge"): "tok_visa",
    ("declined", "charge"): "tok_insufficient_funds",
    ("stolen", "charge"): "tok_stolen_card",
    ("processing", "charge"): "tok_processing",
    ("processing_declined", "charge"): "tok_processing_declined",
    ("undecided", "charge"): "tok_processing_forever",
    ("lost_before", "charge"): "tok_timeout_before",
    ("lost_after", "charge"): "tok_timeout_after",
    ("garbage", "charge"): "tok_garbage",
    ("down_once", "charge"): "tok_down_once",
    ("", "refund"): "tok_visa",
    ("declined", "refund"): "tok_refund_fails",
    ("processing", "refund"): "tok_refund_processing",
    ("lost_before", "refund"): "tok_refund_timeout_before",
    ("lost_after", "refund"): "tok_refund_timeout_after",
    ("garbage", "refund"): "tok_refund_garbage",
    ("down_once", "refund"): "tok_refund_down_once",
}


class SandboxWorld:
    """The sandbox on a store."""

    def __init__(self, store: SandboxStore) -> None:
        self.store = store
        self.provider: Provider = Sandbox(store, secret=SECRET, slow_seconds=0)

    def method(self, trouble: str = "", *, on: str = "charge") -> MethodDetails:
        return self.provider.describe(_TOKENS[trouble, on])

    def paid(self, trouble: str = "", *, amount: Money = EUROS) -> tuple[str, str]:
        return pay(self, self.method(trouble, on="refund"), amount)

    def taken(self) -> int:
        return self._sum("charge")

    def given(self) -> int:
        return self._sum("refund")

    def forget_keys(self) -> None:
        """It never does."""

    def _sum(self, kind: str) -> int:
        return sum(entry.amount_minor for entry in self.store.entries(kind) if entry.result == results.SETTLED)


def pay(world: World, method: MethodDetails, amount: Money = EUROS) -> tuple[str, str]:
    """Charge a payment method; the charge's reference and key."""
    order = charge(method, amount)
    outcome = world.provider.charge(order)
    assert isinstance(outcome, Settled)
    return outcome.reference, order.key


def charge(method: MethodDetails, amount: Money = EUROS) -> Charge:
    """An order to charge a payment method."""
    return Charge(
        key=key(),
        amount=amount,
        payment_method=method.reference,
        provider_customer=method.provider_customer,
        customer_id="cus_1",
        description="Monthly",
    )


def refund(reference: str | None, amount: int = 1299, *, charge_key: str | None = None) -> RefundOrder:
    """An order to give back all of a charge of 12.99, or a part of it."""
    return RefundOrder(
        key=key(), amount=Money(amount, "EUR"), charged=EUROS, charge_reference=reference, charge_key=charge_key
    )


def offered(capability: Capability) -> None:
    """Skip what an adapter doesn't offer: that it refuses is another test."""
    if not capability:
        pytest.skip(f"not offered: {capability.reason}")


def again(world: World, order: Order) -> Outcome:
    """Send an order once more, as the executor does: looked up first where the provider keeps no keys."""
    known = None if world.provider.key_lifetime else world.provider.look_up(order)
    return known or perform(world.provider, order)


def answer(world: World, order: Order) -> Outcome | ProviderError:
    """The outcome of an order, or what it raised."""
    try:
        return perform(world.provider, order)
    except ProviderError as error:
        return error
