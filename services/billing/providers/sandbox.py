"""The built-in provider: no money moves, and the token's name decides what happens (``sandbox_tokens``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

from servicekit.faults import reach
from servicekit.ids import new_id
from services.billing.providers import sandbox_rules as rules
from services.billing.providers import sandbox_store as results
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
    MethodDetails,
    Outcome,
    ProviderGarbage,
    ProviderRefused,
    ProviderUnavailable,
    Settled,
    SignatureInvalid,
)
from services.billing.providers.sandbox_notices import read_notice
from services.billing.providers.sandbox_store import Entry, Ledger, SandboxStore
from services.billing.providers.sandbox_tokens import (
    SETTLES,
    Behavior,
    Manner,
    behavior_of,
)

_Recorded: TypeAlias = Charge | RefundOrder | VoidOrder | DetachOrder


class Sandbox:
    """One publisher's sandbox. ``secret`` signs its notifications; without one it takes none."""

    name = "sandbox"
    capabilities = Capabilities()
    renews_itself = False
    key_lifetime = timedelta(hours=24)
    longest_call = timedelta(seconds=10)

    def __init__(
        self,
        store: SandboxStore,
        *,
        secret: str | None = None,
        slow_seconds: float = 2.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._secret = secret
        self._slow_seconds = slow_seconds
        self._sleep = sleep

    def describe(self, token: str) -> MethodDetails:
        behavior = rules.known(token)
        month, year = behavior.expiry or (None, None)
        reference = token if "." in token else f"{token}.{new_id('x')[2:]}"
        return MethodDetails(
            reference=reference,
            kind=behavior.kind,
            brand=behavior.brand,
            last4=behavior.last4,
            expiry_month=month,
            expiry_year=year,
        )

    def charge(self, order: Charge) -> Outcome:
        behavior = rules.known(order.payment_method)

        def decide(ledger: Ledger) -> str:
            rules.positive(order.amount.amount_minor)
            if ledger.of("detach", order.payment_method):
                raise ProviderRefused("payment_method_detached", "This payment method was deleted.")
            earlier = [known for known in ledger.of("charge", order.payment_method) if known.result != results.LOST]
            return behavior.charges[min(len(earlier), len(behavior.charges) - 1)]

        return self._carry_out(order, behavior.charging, decide)

    def refund(self, order: RefundOrder) -> Outcome:
        behavior = self._behavior_of(order)

        def decide(ledger: Ledger) -> str:
            rules.believe(ledger, order)
            rules.refundable(ledger, order)
            return behavior.refund

        return self._carry_out(order, behavior.refunding, decide)

    def void(self, order: VoidOrder) -> Outcome:
        def decide(ledger: Ledger) -> str:
            charge = rules.charge_of(ledger, rules.charge_key(order))
            if charge.result == results.SETTLED:
                raise ProviderRefused("charge_settled", "This charge is settled: it can only be refunded.")
            if charge.result == results.PROCESSING:
                ledger.put(replace(charge, result=results.VOIDED))
            return SETTLES

        return self._carry_out(order, Manner.PROMPT, decide)

    def detach(self, order: DetachOrder) -> Outcome:
        behavior = rules.known(order.payment_method)
        return self._carry_out(order, behavior.detaching, lambda _ledger: SETTLES)

    def cancel(self, order: CancelOrder) -> Outcome:
        return Settled(reference="")

    def extend(self, order: ExtendOrder) -> Outcome:
        return Settled(reference="")

    def look_up(self, order: Order) -> Outcome | None:
        if isinstance(order, (CancelOrder, ExtendOrder)):
            return None
        behavior = self._behavior_of(order)
        if (behavior.refunding if isinstance(order, RefundOrder) else behavior.charging) is Manner.DOWN:
            raise ProviderUnavailable("The sandbox is down for this token.", in_doubt=False)
        with self._store.lock(rules.lock_of(order)) as ledger:
            found = ledger.get(order.key)
            if found is None or found.result == results.LOST:
                return None
            rules.same(found, rules.entry_of(order))
            if found.result == results.PROCESSING:
                found = rules.decided_later(found, behavior)
                ledger.put(found)
        return rules.outcome(found)

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notification]:
        if self._secret is None:
            raise SignatureInvalid("This sandbox has no secret, so it signs nothing.")
        return [read_notice(headers, body, secret=self._secret)]

    def _carry_out(self, order: _Recorded, manner: Manner, decide: Callable[[Ledger], str]) -> Outcome:
        if manner is Manner.DOWN:
            raise ProviderUnavailable("The sandbox is down for this token.", in_doubt=False)
        known, is_first = self._record(order, manner, decide)
        if known.result == results.LOST:
            in_doubt = manner is Manner.LOST_BEFORE
            raise ProviderUnavailable("The sandbox gave no answer.", in_doubt=in_doubt)
        reach("sandbox:done")
        if manner is Manner.TWICE:
            known, _ = self._record(order, manner, decide)
        if manner is Manner.LOOK_UP_ONLY or (manner is Manner.LOST_AFTER and is_first):
            raise ProviderUnavailable("The sandbox gave no answer.", in_doubt=True)
        if manner is Manner.GARBAGE and is_first:
            raise ProviderGarbage("The sandbox answered: <html>502 Bad Gateway")
        if manner is Manner.SLOW and is_first:
            self._sleep(self._slow_seconds)
        return rules.outcome(known)

    def _record(self, order: _Recorded, manner: Manner, decide: Callable[[Ledger], str]) -> tuple[Entry, bool]:
        """The order's entry, and whether it was carried out only now."""
        entry = rules.entry_of(order)
        with self._store.lock(rules.lock_of(order)) as ledger:
            known = ledger.get(order.key)
            if known is not None:
                rules.same(known, entry)
                if known.result != results.LOST:
                    return known, False
            elif manner in (Manner.LOST_BEFORE, Manner.DOWN_ONCE):
                lost = replace(entry, result=results.LOST)
                ledger.put(lost)
                return lost, False
            decided = decide(ledger)
            done = rules.with_result(entry, decided)
            ledger.put(done)
            return done, True

    def _behavior_of(self, order: Charge | RefundOrder | VoidOrder | DetachOrder) -> Behavior:
        if isinstance(order, (Charge, DetachOrder)):
            return rules.known(order.payment_method)
        charge_key = rules.charge_key(order)
        with self._store.lock(charge_key) as ledger:
            charge = ledger.get(charge_key)
        return (behavior_of(charge.subject) if charge else None) or Behavior()
