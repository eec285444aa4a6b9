"""Carries out what was intended at providers: claimed by lease, called outside of any transaction, then recorded.

Killed anywhere, it or another one goes on: the idempotency key is the operation's, and what may have been done is
looked up where the provider no longer keeps the key.
"""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter
from sqlalchemy import text

from servicekit import clock
from servicekit.db.database import Database, is_transient
from servicekit.faults import reach
from services.billing.execution.claims import Claim, claim_due, claim_one
from services.billing.execution.recording import record_outcome
from services.billing.models.operations import AMOUNT_DIFFERS, OPEN
from services.billing.providers.orders import Order, order_of
from services.billing.providers.port import (
    AmountDiffers,
    Declined,
    Outcome,
    Processing,
    Provider,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    Settled,
    perform,
)
from services.billing.providers.stores import Unconfigured

OPERATIONS = Counter(
    "billing_operations_total", "Calls to payment providers, by what came of them.", ["kind", "result"]
)
BATCH = 20
_KEY_MARGIN = 0.9
_BACK_OFF_SECONDS = (2.0, 3600.0)
_PROCESSING_SECONDS = 60.0
_FRUITLESS_ATTEMPTS = 2
_IDLE_SECONDS = (0.05, 0.5)
_log = structlog.get_logger("executor")
_RELEASE = text(
    """
    UPDATE operation SET status = :status, next_attempt_at = :next_attempt_at, lease_until = 'epoch',
        last_problem = :problem
    WHERE id = :id AND fence = :fence AND status = ANY(:open)
    """
)


class _Unforeseen(ProviderError):
    """A mistake of ours, or something that the port rules out: nobody knows whether the provider has done it."""

    in_doubt = True


class _Undecided(ProviderError):
    """A refusal that says nothing about an earlier call."""

    in_doubt = True


Find = Callable[[str, str], Provider]
"""The provider of a publisher by its name."""


class Executor:
    """Any number of them share the work. ``app`` is the role that sees one publisher, ``system`` the one that sees all.

    ``find_provider`` is given publisher and provider.
    """

    def __init__(
        self, app: Database, system: Database, find_provider: Find, *, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._app = app
        self._system = system
        self._find = find_provider
        self._now = now

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, whatever the database does meanwhile."""
        idle = _IDLE_SECONDS[0]
        while not stop.is_set():
            try:
                done = self.step(stop)
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.warning("operations interrupted", error=type(error).__name__)
                stop.wait(1.0)
                continue
            idle = _IDLE_SECONDS[0] if done else min(idle * 2, _IDLE_SECONDS[1])
            if not done:
                stop.wait(idle)

    def step(self, stop: threading.Event | None = None) -> int:
        """Carry out some of what is due; how many. Raises DBAPIError."""
        with self._system.transaction() as session:
            claims = claim_due(session, now=self._now(), limit=BATCH)
        for done, claim in enumerate(claims, 1):
            self._carry_out_or_log(claim)
            if stop is not None and stop.is_set():
                return done
        return len(claims)

    def carry_out(self, publisher_id: str, operation_id: str) -> None:
        """Carry out one operation now, unless somebody else is at it, it is done or has to wait."""
        with self._app.transaction(publisher_id) as session:
            claim = claim_one(session, operation_id, now=self._now())
        if claim is not None:
            self._carry_out(claim)

    def _carry_out_or_log(self, claim: Claim) -> None:
        """Of what we didn't foresee one operation suffers, not all the others with it."""
        try:
            self._carry_out(claim)
        except Exception as error:
            if is_transient(error):
                raise
            frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            _log.error("an operation failed", operation_id=claim.id, error=type(error).__name__, frames=frames[-12:])
            self._later(claim, _Unforeseen(type(error).__name__))

    def _carry_out(self, claim: Claim) -> None:
        reach("operation:claimed")
        provider = self._find(claim.publisher_id, claim.provider)
        if self._now() + provider.longest_call > claim.leased_until:
            # When the lease is over others rely on no call being under way, such as who calls a charge off.
            self._wait(claim, claim.status, "its turn came too late", timedelta(0))
            return
        try:
            outcome = self._ask(provider, claim, order_of(claim.kind, claim.id, claim.request))
        except ProviderRefused as refused:
            is_set_up = not isinstance(provider, Unconfigured)
            if _leaves_open(claim, refused, is_set_up=is_set_up):
                self._later(claim, _Undecided(str(refused)))
                return
            # An account that is missing may be set up again: the payment details are not to blame.
            outcome = Declined(code=refused.code, message=refused.message, may_recover=not is_set_up)
        except ProviderError as error:
            self._later(claim, error)
            return
        reach("operation:called")
        if isinstance(outcome, Processing):
            self._wait(claim, "processing", "the provider is still at it", timedelta(seconds=_PROCESSING_SECONDS))
        else:
            self._record(claim, outcome)
            reach("operation:settled")

    def _ask(self, provider: Provider, claim: Claim, order: Order) -> Outcome:
        called = claim.called_before
        old = called is not None and self._now() - called > provider.key_lifetime * _KEY_MARGIN
        fruitless = claim.status == "in_doubt" and claim.attempts > _FRUITLESS_ATTEMPTS
        if claim.status == "processing" or old or fruitless:
            known = provider.look_up(order)
            if known is not None:
                return known
        return perform(provider, order)

    def _later(self, claim: Claim, error: ProviderError) -> None:
        doubtful = error.in_doubt or claim.status != "pending"
        wait = _BACK_OFF_SECONDS[0] * 2 ** min(claim.attempts - 1, 12)
        pause = timedelta(seconds=min(wait, _BACK_OFF_SECONDS[1]) * random.uniform(0.8, 1.2))
        if isinstance(error, ProviderUnavailable) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        status = claim.status if claim.status == "processing" else "in_doubt" if doubtful else "pending"
        name = AMOUNT_DIFFERS if isinstance(error, AmountDiffers) else type(error).__name__
        self._wait(claim, status, f"{name}: {error}"[:300], pause)

    def _wait(self, claim: Claim, status: str, problem: str, pause: timedelta) -> None:
        OPERATIONS.labels(claim.kind, status).inc()
        values = {
            "id": claim.id, "fence": claim.fence, "status": status, "next_attempt_at": self._now() + pause,
            "problem": problem, "open": list(OPEN),
        }  # fmt: skip
        with self._app.transaction(claim.publisher_id) as session:
            session.execute(_RELEASE, values)

    def _record(self, claim: Claim, outcome: Settled | Declined) -> None:
        result = "succeeded" if isinstance(outcome, Settled) else "failed"
        with self._app.transaction(claim.publisher_id) as session:
            recorded = record_outcome(
                session,
                publisher_id=claim.publisher_id,
                customer_id=claim.customer_id,
                operation_id=claim.id,
                outcome=outcome,
                now=self._now(),
                fence=claim.fence,
            )
        if recorded:
            OPERATIONS.labels(claim.kind, result).inc()


def _leaves_open(claim: Claim, refused: ProviderRefused, *, is_set_up: bool) -> bool:
    """Whether a refusal doesn't tell what became of an order: one sent earlier, with an account that is missing now,
    or by this key, of which the provider says that it was used. Forgetting details moves no money: that may fail."""
    if is_set_up:
        return refused.code == "key_reused"
    return claim.called_before is not None and claim.kind != "detach"
