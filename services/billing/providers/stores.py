"""Where a store sells: what can't be done from here, and what to tell the customer instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NoReturn

from services.billing.providers.notifications import Notification
from services.billing.providers.orders import (
    CancelOrder,
    Charge,
    DetachOrder,
    ExtendOrder,
    Order,
    RefundOrder,
    VoidOrder,
)
from services.billing.providers.port import (
    Capabilities,
    Capability,
    MethodDetails,
    Outcome,
    ProviderRefused,
    SignatureInvalid,
    not_offered,
)

STORE_MANAGED = "store_managed"


def _store(store: str, *, refund: str, cancel: str) -> Capabilities:
    """What a store leaves to nobody else."""
    return Capabilities(
        charge=not_offered(STORE_MANAGED, f"{store} charges its customers itself."),
        refund=not_offered(STORE_MANAGED, refund),
        partial_refund=not_offered(STORE_MANAGED, refund),
        void=not_offered(STORE_MANAGED, f"{store} takes the money itself: a payment can't be called off from here."),
        detach=not_offered(STORE_MANAGED, f"The payment details are kept by {store}, in the customer's account there."),
        cancel=not_offered(STORE_MANAGED, cancel),
        extend=not_offered(STORE_MANAGED, f"{store} doesn't let others move a renewal. Extend the access instead."),
    )


APPLE = _store(
    "The App Store",
    refund="Only Apple refunds purchases in the App Store. The customer asks for it at reportaproblem.apple.com.",
    cancel="Only the customer can cancel an App Store subscription: Settings, their name, Subscriptions.",
)
GOOGLE = _store(
    "Google Play",
    refund="Google Play isn't set up here. Refund it in the Play Console, under Order management.",
    cancel="Google Play isn't set up here. Cancel it in the Play Console, or the customer does in the Play app.",
)
ROKU = _store(
    "Roku",
    refund="Roku purchases are refunded by Roku. The customer asks for it at my.roku.com.",
    cancel="Only the customer can cancel a Roku subscription, at my.roku.com or on the device.",
)
AMAZON = _store(
    "The Amazon Appstore",
    refund="Only Amazon refunds purchases in its Appstore. The customer asks Amazon's customer service.",
    cancel="Only the customer can cancel an Appstore subscription, under Your Apps at Amazon.",
)
STORES: Mapping[str, Capabilities] = {"apple": APPLE, "google": GOOGLE, "roku": ROKU, "amazon": AMAZON}


class Unconfigured:
    """A provider that a publisher has no account for: it refuses everything, and says why."""

    key_lifetime = timedelta(0)
    longest_call = timedelta(seconds=1)

    def __init__(self, name: str) -> None:
        self.name = name
        self.renews_itself = name in STORES
        self.capabilities = STORES.get(name) or _nothing(name)

    def describe(self, token: str) -> MethodDetails:
        self._refuse(self.capabilities.charge)

    def charge(self, order: Charge) -> Outcome:
        self._refuse(self.capabilities.charge)

    def refund(self, order: RefundOrder) -> Outcome:
        self._refuse(self.capabilities.refund)

    def void(self, order: VoidOrder) -> Outcome:
        self._refuse(self.capabilities.void)

    def detach(self, order: DetachOrder) -> Outcome:
        self._refuse(self.capabilities.detach)

    def cancel(self, order: CancelOrder) -> Outcome:
        self._refuse(self.capabilities.cancel)

    def extend(self, order: ExtendOrder) -> Outcome:
        self._refuse(self.capabilities.extend)

    def look_up(self, order: Order) -> Outcome | None:
        self._refuse(self.capabilities.charge)

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notification]:
        raise SignatureInvalid(f"{self.name} isn't set up here.")

    def _refuse(self, capability: Capability) -> NoReturn:
        raise ProviderRefused(capability.code, capability.reason)


def _nothing(name: str) -> Capabilities:
    missing = not_offered("provider_not_configured", f"The payment provider {name} isn't set up for this publisher.")
    return Capabilities(
        charge=missing,
        refund=missing,
        partial_refund=missing,
        void=missing,
        detach=missing,
        cancel=missing,
        extend=missing,
    )
