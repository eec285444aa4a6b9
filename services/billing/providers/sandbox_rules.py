"""What the sandbox allows and decides."""

from __future__ import annotations

from dataclasses import replace

from services.billing.providers import sandbox_store as results
from services.billing.providers.orders import Charge, DetachOrder, RefundOrder, VoidOrder, kind_of
from services.billing.providers.port import Declined, Outcome, Processing, ProviderRefused, Settled
from services.billing.providers.sandbox_store import Entry, Ledger
from services.billing.providers.sandbox_tokens import (
    DECLINED_LATER,
    DECLINES,
    SETTLES,
    SETTLES_LATER,
    UNDECIDED,
    Behavior,
    behavior_of,
)

DEMO = "demo_"
"""How the keys of charges begin that demo data only tells of: they count as made, and can be refunded."""

_PREFIX = "sandbox_"
_RESULTS = {
    SETTLES: results.SETTLED,
    SETTLES_LATER: results.PROCESSING,
    DECLINED_LATER: results.PROCESSING,
    UNDECIDED: results.PROCESSING,
}


def reference_of(kind: str, key: str) -> str:
    """The sandbox's own ID of what it did for the order with this key."""
    return f"{_PREFIX}{kind}_{key}"


def known(token: str) -> Behavior:
    """What a token stands for. Raises ProviderRefused."""
    behavior = behavior_of(token)
    if behavior is None:
        raise ProviderRefused("token_unknown", "The sandbox knows no such token; try tok_visa.")
    return behavior


def charge_key(order: RefundOrder | VoidOrder) -> str:
    """The key of the charge that is to be refunded or voided. Raises ProviderRefused for a reference of others."""
    prefix = reference_of("charge", "")
    if order.charge_reference and order.charge_reference.startswith(prefix):
        return order.charge_reference.removeprefix(prefix)
    if order.charge_reference is None and order.charge_key:
        return order.charge_key
    raise ProviderRefused("charge_unknown", "The sandbox has no such charge.")


def entry_of(order: Charge | RefundOrder | VoidOrder | DetachOrder) -> Entry:
    """The order's entry before it is carried out."""
    money = order.amount if isinstance(order, (Charge, RefundOrder)) else None
    return Entry(
        key=order.key,
        kind=kind_of(order),
        subject=charge_key(order) if isinstance(order, (RefundOrder, VoidOrder)) else order.payment_method,
        amount_minor=money.amount_minor if money else 0,
        currency=money.currency if money else "",
        result=results.LOST,
    )


def lock_of(order: Charge | RefundOrder | VoidOrder | DetachOrder) -> str:
    """What nobody else may change meanwhile: a charge and what is done to it, or a payment method."""
    if isinstance(order, (RefundOrder, VoidOrder)):
        return charge_key(order)
    return order.key if isinstance(order, Charge) else order.payment_method


def same(known: Entry, entry: Entry) -> None:
    """Raises ProviderRefused unless what is known by this key is the same order."""
    if replace(known, result=entry.result, code=entry.code) != entry:
        raise ProviderRefused("key_reused", "This idempotency key was used for something else.")


def positive(amount_minor: int) -> None:
    """Raises ProviderRefused unless it is an amount."""
    if amount_minor <= 0:
        raise ProviderRefused("amount_invalid", "The amount has to be above zero.")


def charge_of(ledger: Ledger, key: str) -> Entry:
    """The charge with this key. Raises ProviderRefused."""
    found = ledger.get(key)
    if found is None or found.kind != "charge" or found.result == results.LOST:
        raise ProviderRefused("charge_unknown", "The sandbox has no such charge.")
    return found


def believe(ledger: Ledger, order: RefundOrder) -> None:
    """Take a charge of the demo data for made: it was never sent here."""
    key = charge_key(order)
    if key.startswith(DEMO) and ledger.get(key) is None:
        made = Charge(key=key, amount=order.charged, payment_method="tok_visa")
        ledger.put(replace(entry_of(made), result=results.SETTLED))


def refundable(ledger: Ledger, order: RefundOrder) -> None:
    """Raises ProviderRefused unless so much is left of the charge."""
    charge = charge_of(ledger, charge_key(order))
    positive(order.amount.amount_minor)
    if charge.result != results.SETTLED:
        raise ProviderRefused("charge_not_settled", "Only a settled charge can be refunded.")
    if charge.currency != order.amount.currency:
        raise ProviderRefused("currency_mismatch", f"The charge was in {charge.currency}.")
    given = sum(
        refund.amount_minor
        for refund in ledger.of("refund", charge.key)
        if refund.result in (results.SETTLED, results.PROCESSING)
    )
    if given + order.amount.amount_minor > charge.amount_minor:
        raise ProviderRefused("refund_exceeds_charge", "More than is left of the charge.")


def decided_later(entry: Entry, behavior: Behavior) -> Entry:
    """What becomes of an entry that was still undecided, now that somebody asks."""
    words = behavior.charges if entry.kind == "charge" else (behavior.refund,)
    if SETTLES_LATER in words:
        return replace(entry, result=results.SETTLED)
    if DECLINED_LATER in words:
        code = "card_declined" if entry.kind == "charge" else "refund_failed"
        return replace(entry, result=results.DECLINED, code=code)
    return entry


def outcome(entry: Entry) -> Outcome:
    """What is answered about an entry that was carried out."""
    reference = reference_of(entry.kind, entry.key)
    if entry.result == results.DECLINED:
        message, may_recover = DECLINES[entry.code]
        return Declined(code=entry.code, message=message, may_recover=may_recover, reference=reference)
    if entry.result == results.VOIDED:
        return Declined(code="voided", message="The charge was called off.", may_recover=False, reference=reference)
    return Processing(reference=reference) if entry.result == results.PROCESSING else Settled(reference=reference)


def with_result(entry: Entry, decided: str) -> Entry:
    """The entry once it is carried out; ``decided`` is a word or a decline code of ``sandbox_tokens``."""
    code = decided if decided in DECLINES else ""
    return replace(entry, result=_RESULTS.get(decided, results.DECLINED), code=code)
