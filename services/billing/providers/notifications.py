"""What providers tell of their own accord, in words that are the same for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.billing.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeSettled:
    """A charge of ours went through. ``key`` is its operation's ID, None where the provider doesn't know it."""

    key: str | None
    reference: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeFailed:
    """A charge of ours was declined, or called off."""

    key: str | None
    reference: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSettled:
    """Money was given back, by an order of ours (``key``) or by somebody in the provider's dashboard (None).

    ``charge_alias`` is another ID of the same charge, by which it may be known here.
    ``amount`` None: all that was left.
    """

    key: str | None
    reference: str
    charge_reference: str
    charge_key: str | None
    amount: Money | None
    charge_alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed:
    """A refund that had been taken on, or even counted as made, came to nothing."""

    key: str | None
    reference: str
    charge_reference: str
    code: str
    message: str
    charge_alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodDetached:
    """A payment method can't be charged any more."""

    payment_method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodUpdated:
    """The network has given a payment method a new expiry or number."""

    payment_method: str
    brand: str | None
    last4: str | None
    expiry_month: int | None
    expiry_year: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePayment:
    """A store has sold or renewed a subscription, or sold something once.

    ``account`` is our customer's ID, if the app gave it to the store. ``product`` is the store's ID of the offer.
    ``amount`` None: the store doesn't say. ``until``: end of the period paid for, None for what has no end.
    """

    order_id: str
    subscription_reference: str | None
    account: str | None
    product: str
    amount: Money | None
    is_trial: bool
    is_renewal: bool
    paid_at: datetime
    starts_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreChange:
    """A store's subscription is in another state than before, without a payment.

    ``status``: active (renews), cancelled (ends at ``until``), past_due (the store tries again; access goes on to
    ``until``), expired, revoked (ended at once).
    """

    subscription_reference: str
    account: str | None
    product: str
    status: str
    until: datetime | None
    reason: str


Fact: TypeAlias = (
    ChargeSettled
    | ChargeFailed
    | RefundSettled
    | RefundFailed
    | MethodDetached
    | MethodUpdated
    | StorePayment
    | StoreChange
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing that a provider told. ``event_id`` is the provider's own and the same when it tells it again.

    ``type`` is the provider's word for it. ``fact`` None: nothing that billing goes by.
    """

    event_id: str
    type: str
    occurred_at: datetime
    fact: Fact | None
