"""The Stripe adapter on the fake of Stripe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.billing.money import Money
from services.billing.providers.port import MethodDetails, Provider
from services.billing.providers.stripe import Stripe
from services.billing.tests.providers.fake_stripe import API_KEY, FakeStripe
from services.billing.tests.providers.loopback import Troubles, serving
from services.billing.tests.providers.worlds import EUROS, pay

WEBHOOK_SECRET = "whsec_of_these_tests"
_BEHAVIORS = {"declined": "insufficient_funds", "stolen": "stolen_card"}
_ON_THE_WAY = {"lost_before": "lost_before", "lost_after": "lost_after", "garbage": "garbage", "down_once": "busy"}
_OF_REFUNDS = {"declined": "refund_fails", "processing": "refund_processing"}


class StripeWorld:
    """An account with the fake, and the adapter for it."""

    def __init__(self, fake: FakeStripe, troubles: Troubles, address: str) -> None:
        self.fake = fake
        self.troubles = troubles
        self.address = address
        self.provider: Provider = self.adapter()

    def adapter(self, *, api_key: str = API_KEY, answer_seconds: float = 1.0) -> Stripe:
        """An adapter for this fake."""
        return Stripe(api_key, webhook_secrets=[WEBHOOK_SECRET], api_base=self.address, answer_seconds=answer_seconds)

    def method(self, trouble: str = "", *, on: str = "charge") -> MethodDetails:
        if on == "charge" and trouble in _ON_THE_WAY:
            self.troubles.add("POST", "/v1/payment_intents", _ON_THE_WAY[trouble])
            trouble = ""
        behavior = _BEHAVIORS.get(trouble, trouble) if on == "charge" else ""
        return self.provider.describe(self.fake.method(behavior or "settles"))

    def paid(self, trouble: str = "", *, amount: Money = EUROS) -> tuple[str, str]:
        method = self.method()
        paid = pay(self, method, amount)
        if trouble in _ON_THE_WAY:
            self.troubles.add("POST", "/v1/refunds", _ON_THE_WAY[trouble])
        elif trouble:
            self.fake.behave(method.reference, _OF_REFUNDS[trouble])
        return paid

    def taken(self) -> int:
        return sum(intent["amount"] for intent in self.fake.intents.values() if intent["status"] == "succeeded")

    def given(self) -> int:
        return sum(refund["amount"] for refund in self.fake.refunds.values() if refund["status"] == "succeeded")

    def forget_keys(self) -> None:
        self.fake.forget_keys()


@contextmanager
def stripe_world() -> Iterator[StripeWorld]:
    """The fake, served for the time of the block."""
    fake, troubles = FakeStripe(), Troubles()
    with serving(fake, troubles) as address:
        yield StripeWorld(fake, troubles, address)
