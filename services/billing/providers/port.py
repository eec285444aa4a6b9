"""The port: what billing asks of a payment provider, whichever it is. One conformance suite holds for all adapters.

An adapter knows neither billing's tables nor HTTP requests to us. Nothing here may be called inside a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias, cast

from services.billing.money import Money
from services.billing.providers.notifications import Notification
from services.billing.providers.orders import (
    CancelOrder,
    Charge,
    DetachOrder,
    ExtendOrder,
    Order,
    RefundOrder,
    VoidOrder,
    kind_of,
)


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether a provider can do something; if not, a stable code and the reason in words for the agent."""

    allowed: bool = True
    code: str = ""
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def require(self) -> None:
        """Raises ProviderRefused with the code and the reason, unless it is allowed."""
        if not self.allowed:
            raise ProviderRefused(self.code, self.reason)


OFFERED = Capability()


def not_offered(code: str, reason: str) -> Capability:
    """Something that a provider doesn't do, and why."""
    return Capability(False, code, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do. What it can't is refused by the method too, with the same code and reason."""

    charge: Capability = OFFERED
    refund: Capability = OFFERED
    partial_refund: Capability = OFFERED
    void: Capability = OFFERED
    detach: Capability = OFFERED
    cancel: Capability = OFFERED
    extend: Capability = OFFERED


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodDetails:
    """What is shown of a payment method. ``reference`` is what to keep and to charge; the token may serve only once.

    ``kind``: card, paypal, sepa_debit, store or other. ``expiry_month`` is 1 to 12, ``expiry_year`` has four digits.
    """

    reference: str
    kind: str
    provider_customer: str | None = None
    brand: str | None = None
    last4: str | None = None
    expiry_month: int | None = None
    expiry_year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Done, for good. ``reference`` is the provider's ID of what was done (empty where there is none).

    ``at`` is when, as far as the provider says. ``until`` is the new renewal date of an extended subscription.
    """

    reference: str
    at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """Asked for and not granted, for good: a bank said no. The same key gets this answer again.

    ``may_recover``: whether trying again some days later makes sense (not for a stolen or an expired card).
    """

    code: str
    message: str
    may_recover: bool = True
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """Taken on and not decided yet (bank debits): ask ``look_up`` later, or wait for the notification."""

    reference: str


Outcome: TypeAlias = Settled | Declined | Processing


class ProviderError(Exception):
    """A call that has no outcome. ``in_doubt``: the provider may have done it all the same, so look it up."""

    in_doubt = False


class ProviderRefused(ProviderError):
    """The provider will not do this, however often it is asked, and has done nothing. ``message`` is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class ProviderUnavailable(ProviderError):
    """No answer, or not now; the same order with the same key may be sent again later."""

    def __init__(self, message: str, *, in_doubt: bool, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.in_doubt = in_doubt
        self.retry_after = retry_after


class ProviderGarbage(ProviderError):
    """An answer that can't be understood: the order may have been carried out."""

    in_doubt = True


class AmountDiffers(ProviderGarbage):
    """Another amount was taken than was ordered: somebody has to look, at the provider and here."""

    def __init__(self, taken: Money, ordered: Money) -> None:
        super().__init__(f"{taken} were taken, and {ordered} ordered.")


class SignatureInvalid(ProviderError):
    """A notification that the provider did not sign, or too long ago."""


class NotificationUnreadable(ProviderError):
    """A notification that is no message of this provider, whoever sent it."""


class Provider(Protocol):
    """One publisher's account at a payment provider. Safe to use from several threads.

    Every order answers with an outcome or raises ProviderRefused, ProviderUnavailable or ProviderGarbage; nothing else
    escapes. The same order with the same key gets the same outcome and moves money once, for at least
    ``key_lifetime`` after the first call; the same key with another order is refused. No call takes longer than
    ``longest_call``.
    """

    @property
    def name(self) -> str:
        """The provider's name in settings, rows and addresses: ``sandbox``, ``stripe`` …"""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, and why not what it can't."""

    @property
    def renews_itself(self) -> bool:
        """Whether the provider runs the renewals (a store): then billing never charges, and hears of them."""

    @property
    def key_lifetime(self) -> timedelta:
        """How long it surely keeps idempotency keys. A later retry has to ``look_up`` first."""

    @property
    def longest_call(self) -> timedelta:
        """No call takes longer: a lease has to be longer than this."""

    def describe(self, token: str) -> MethodDetails:
        """The payment method that a client's token stands for. ProviderRefused ``token_unknown`` if there is none."""

    def charge(self, order: Charge) -> Outcome:
        """Take money. Declined is final for this key; another attempt needs another."""

    def refund(self, order: RefundOrder) -> Outcome:
        """Give money back. The provider itself refuses more than is left (``refund_exceeds_charge``)."""

    def void(self, order: VoidOrder) -> Outcome:
        """Call off a charge. ProviderRefused ``charge_settled`` when it is too late, ``charge_unknown`` when the
        provider has no such charge."""

    def detach(self, order: DetachOrder) -> Outcome:
        """Forget a payment method; one that is gone already counts as done."""

    def cancel(self, order: CancelOrder) -> Outcome:
        """Stop a store's subscription from renewing. Where billing runs the renewals nothing is to be done: Settled."""

    def extend(self, order: ExtendOrder) -> Outcome:
        """Move a store's renewal date. Where billing runs the renewals there is nothing to do: Settled."""

    def look_up(self, order: Order) -> Outcome | None:
        """What became of an order sent earlier with this key, or may have been: also long after ``key_lifetime``.

        None: the provider has never carried it out, so it can be sent again. Raises as the orders do.
        """

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notification]:
        """What a notification tells, once it is proved to be the provider's. Raises SignatureInvalid,
        NotificationUnreadable, and ProviderUnavailable where the proof or the rest has to be fetched and can't be."""


def perform(provider: Provider, order: Order) -> Outcome:
    """Send an order, whatever its kind."""
    return cast("Callable[[Order], Outcome]", getattr(provider, kind_of(order)))(order)
