"""What a provider can be told to do. Each order carries the idempotency key: the operation's ID."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from services.billing.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Take an amount from a payment method on file, the customer not being there.

    ``payment_method`` and ``provider_customer`` are as ``MethodDetails`` gave them. ``customer_id`` and
    ``description`` are kept at the provider for whoever reads its dashboard; no names, no addresses.
    """

    key: str
    amount: Money
    payment_method: str
    provider_customer: str | None = None
    customer_id: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """Give back ``amount`` of a charge that took ``charged``; both in the same currency.

    ``charge_reference`` is what ``Settled`` gave, or a store's order ID. ``charge_key`` is the charge's own key, by
    which it is found where the reference is not known. ``ends_access``: where a store grants the access, it ends it.
    """

    key: str
    amount: Money
    charged: Money
    charge_reference: str | None
    charge_key: str | None = None
    reason: str = ""
    ends_access: bool = False

    @property
    def is_partial(self) -> bool:
        """Whether this gives back less than was charged."""
        return self.amount.amount_minor < self.charged.amount_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidOrder:
    """Call off a charge that is not settled yet, by its reference or, where that isn't known, its key."""

    key: str
    charge_reference: str | None
    charge_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachOrder:
    """Forget a payment method: it can never be charged again."""

    key: str
    payment_method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """Stop a store's own subscription from renewing. ``subscription_reference``: the store's ID of it."""

    key: str
    subscription_reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendOrder:
    """Move a store's next renewal of a subscription by ``days`` (1 to 90), at no cost to the customer.

    ``renews_at``: when it renews as far as is known (RFC 3339), by which it is told later whether it was moved.
    """

    key: str
    subscription_reference: str
    days: int
    renews_at: str


Order: TypeAlias = Charge | RefundOrder | VoidOrder | DetachOrder | CancelOrder | ExtendOrder

KINDS: Mapping[str, type[Order]] = {
    "charge": Charge,
    "refund": RefundOrder,
    "void": VoidOrder,
    "detach": DetachOrder,
    "cancel": CancelOrder,
    "extend": ExtendOrder,
}
"""Kind of operation to its order."""


def kind_of(order: Order) -> str:
    """The order's kind, one of ``KINDS``."""
    return next(kind for kind, made in KINDS.items() if type(order) is made)


def as_request(order: Order) -> dict[str, Any]:
    """The order as JSON, for the operation's row; without the key, which is the operation's ID."""
    plain = {field.name: getattr(order, field.name) for field in fields(order) if field.name != "key"}
    return {name: value.as_json() if isinstance(value, Money) else value for name, value in plain.items()}


def order_of(kind: str, key: str, request: Mapping[str, Any]) -> Order:
    """The order that ``as_request`` made ``request`` of; fields unknown here are ignored. Raises KeyError."""
    made = KINDS[kind]
    known = {field.name for field in fields(made)} - {"key"}
    return made(key=key, **{name: _read(value) for name, value in request.items() if name in known})


def _read(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Money(int(value["amount_minor"]), str(value["currency"]))
    return value
