"""Whatever agents do, providers answer and processes die of: in the end our books are the provider's, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from servicekit import clock, faults
from servicekit.db.database import Database
from servicekit.testing.callers import KnownCallers
from servicekit.testing.databases import ScratchDatabase, Template
from services.billing.app import create_app
from services.billing.models.invoices import Invoice
from services.billing.models.operations import OPEN, Operation
from services.billing.models.transactions import SETTLED, Refund, Transaction
from services.billing.providers.registry import Providers
from services.billing.providers.sandbox_table import TableStore
from services.billing.settings import Settings
from services.billing.tests.carried_out import executor_at
from services.billing.tests.conftest import CALLERS, Api
from services.billing.tests.paid import KEEP, WHY, bought

TOKENS = (
    "tok_visa", "tok_declined", "tok_processing", "tok_processing_declined", "tok_processing_forever",
    "tok_timeout_before", "tok_timeout_after", "tok_look_up_only", "tok_twice", "tok_garbage", "tok_down_once",
    "tok_refund_fails", "tok_refund_processing", "tok_refund_fails_later", "tok_refund_timeout_before",
    "tok_refund_timeout_after", "tok_refund_look_up_only", "tok_refund_garbage", "tok_refund_twice",
    "tok_refund_down_once",
)  # fmt: skip
POINTS = ("web:written", "web:committed", "operation:claimed", "sandbox:done", "operation:called", "operation:settled")
PRICE = 999


class Death(BaseException):
    """A process has died here: whatever it had in hand is gone."""


@contextmanager
def dying_at(point: str | None) -> Iterator[None]:
    """The first to reach this point dies of it."""

    def die(reached: str) -> None:
        if reached == point:
            faults.install(None)
            raise Death

    faults.install(die if point else None)
    try:
        yield
    except Death:
        pass
    finally:
        faults.install(None)


class Money(RuleBasedStateMachine):
    """Agents buy, refund and cancel, while executors run at later and later times, and processes die."""

    paid = Bundle("paid")
    scratch: ScratchDatabase
    copies: Template

    def __init__(self) -> None:
        super().__init__()
        self.copies.empty(self.scratch)
        self.database = Database(self.scratch.urls.app, pool_size=4)
        self.system = Database(self.scratch.urls.system, pool_size=2)
        self.providers = Providers(self.database)
        app = create_app(
            Settings(database=self.scratch.urls),
            database=self.database,
            system_database=self.system,
            verifier=KnownCallers(CALLERS),
            providers=self.providers,
        )
        self.api = Api(app, self.database)
        self.later = timedelta(0)

    def teardown(self) -> None:
        try:
            self._run_to_the_end()
            self._same_books()
        finally:
            self.database.close()
            self.system.close()

    @rule(target=paid, token=st.sampled_from(TOKENS))
    def buy(self, token: str) -> str:
        return bought(self.api, token)[1]

    @rule(
        transaction=paid,
        amount=st.one_of(st.none(), st.integers(1, PRICE + 50), st.sampled_from([333, 500])),
        ends=st.booleans(),
        stops=st.booleans(),
        death=st.one_of(st.none(), st.sampled_from(POINTS)),
    )
    def refund(self, transaction: str, amount: int | None, ends: bool, stops: bool, death: str | None) -> None:
        body: dict[str, Any] = {**WHY, **KEEP, "end_access": ends, "stop_renewals": stops}
        if amount is not None:
            body["amount"] = {"amount_minor": amount, "currency": "EUR"}
        with dying_at(death):
            answer = self.api.send("POST", f"transactions/{transaction}/refund", body)
            assert answer.status_code in (200, 202, 409), answer.text

    @rule(transaction=paid, death=st.one_of(st.none(), st.sampled_from(POINTS)))
    def cancel(self, transaction: str, death: str | None) -> None:
        with dying_at(death):
            answer = self.api.send("POST", f"transactions/{transaction}/cancel", {})
            assert answer.status_code in (200, 202, 409), answer.text

    @rule(minutes=st.sampled_from([0, 1, 10, 60, 25 * 60]), death=st.one_of(st.none(), st.sampled_from(POINTS)))
    def execute(self, minutes: int, death: str | None) -> None:
        self.later += timedelta(minutes=minutes)
        with dying_at(death):
            executor_at(self.database, self.system, self.providers, self._now()).step()

    @invariant()
    def never_more_than_was_paid(self) -> None:
        store = TableStore(self.database, "pub_a")
        charged = {each.key: each.amount_minor for each in store.entries("charge") if each.result == "settled"}
        given: dict[str, int] = {}
        for each in store.entries("refund"):
            if each.result in ("settled", "processing"):
                given[each.subject] = given.get(each.subject, 0) + each.amount_minor
        assert all(given[key] <= charged[key] for key in given)

    def _now(self) -> datetime:
        return clock.now() + self.later

    def _run_to_the_end(self) -> None:
        for _ in range(30):
            self.later += timedelta(hours=2)
            while executor_at(self.database, self.system, self.providers, self._now()).step():
                pass

    def _same_books(self) -> None:
        store = TableStore(self.database, "pub_a")
        charges = {each.key: each.result for each in store.entries("charge")}
        refunds = {each.key: each for each in store.entries("refund")}
        with self.database.transaction("pub_a") as session:
            for transaction in session.scalars(select(Transaction)):
                charge, *others = session.scalars(
                    select(Operation).where(Operation.subject_id == transaction.id, Operation.kind == "charge")
                ).all()
                assert not others
                result = charges.get(charge.id, "lost")
                assert (result == "settled") == (transaction.status in SETTLED), (result, transaction.status)
                assert (transaction.status == "pending") == (result == "processing"), (result, transaction.status)
                given = [
                    each.amount_minor
                    for each in refunds.values()
                    if each.subject == charge.id and each.result == "settled"
                ]
                assert sum(given) == transaction.refunded_minor
                assert transaction.refunding_minor == 0
                self._same_figures(session, transaction)
            for refund in session.scalars(select(Refund)):
                orders = select(Operation.id).where(Operation.subject_id == refund.id)
                (key,) = session.scalars(orders)
                done = key in refunds and refunds[key].result == "settled"
                assert refund.status == ("succeeded" if done else "failed")
            undone = session.scalars(select(Operation.kind).where(Operation.status.in_(OPEN))).all()
            assert set(undone) <= {"charge"}, "only what the provider never decides is still open"

    def _same_figures(self, session: Any, transaction: Transaction) -> None:
        account = self.api.account(transaction.customer_id)
        value = sum(each["amount_minor"] for each in account["lifetime_value"])
        kept = transaction.amount_minor - transaction.refunded_minor if transaction.status in SETTLED else 0
        assert value == kept
        invoiced = select(func.sum(Invoice.total_minor)).where(Invoice.transaction_id == transaction.id)
        assert (session.scalar(invoiced) or 0) == kept


@pytest.mark.slow
def test_in_the_end_our_books_are_the_providers(billing_template: Template, copied: ScratchDatabase) -> None:
    machine = type("Machine", (Money,), {"scratch": copied, "copies": billing_template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    billing_template.empty(copied)
