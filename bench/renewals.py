"""Renewals a second with the sandbox provider: two scheduler processes beside one, and nobody charged twice."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.measure import Rounds, Row, take_turns
from bench.processes import free_port, wait_for_port, wait_until
from bench.stand import Stand
from servicekit.ids import new_id

AIM = 1.0
"""More with two."""
_VALUES = "FROM generate_series(1, :count) AS n"
_FILL = (
    """
    INSERT INTO offer (id, publisher_id, name, kind, status, price_minor, currency, tax_percent, period_unit,
        period_count, trial_days, created_at, version)
    VALUES (:offer_id, :publisher_id, 'Premium', 'subscription', 'active', 999, 'EUR', 19, 'month', 1, 0, now(), 1)
    """,
    f"""
    INSERT INTO known_customer (customer_id, publisher_id, told, erased, version)
    SELECT 'cus_' || :mark || n, :publisher_id, '{{}}', false, 1 {_VALUES}
    """,
    f"""
    INSERT INTO account (customer_id, publisher_id, status, transactions_count, lifetime_value, active_subscriptions,
        has_access, version)
    SELECT 'cus_' || :mark || n, :publisher_id, 'open', 0, '{{}}', 1, true, 1 {_VALUES}
    """,
    f"""
    INSERT INTO payment_method (id, publisher_id, customer_id, provider, provider_reference, kind, is_default, status,
        created_at, version)
    SELECT 'pm_' || :mark || n, :publisher_id, 'cus_' || :mark || n, 'sandbox', 'tok_visa.' || :mark || n, 'card', true,
        'active', now(), 1 {_VALUES}
    """,
    f"""
    INSERT INTO subscription (id, publisher_id, customer_id, offer_id, status, channel, provider, payment_method_id,
        price_minor, currency, period_unit, period_count, time_zone, started_at, anchor_at, period_number,
        current_period_start, current_period_end, cancel_at_period_end, attempt, origin, version)
    SELECT 'sub_' || :mark || n, :publisher_id, 'cus_' || :mark || n, :offer_id, 'active', 'web', 'sandbox',
        'pm_' || :mark || n, 999, 'EUR', 'month', 1, 'Europe/Berlin', now(), now(), 0, now(), now(), false, 0, 'live', 1
    {_VALUES}
    """,
)
_DUE = text(
    "UPDATE subscription SET next_attempt_at = now(), current_period_end = now(), anchor_at = now() "
    "WHERE publisher_id = :publisher_id"
)
_RENEWED = text("SELECT count(*) FROM transaction WHERE publisher_id = :publisher_id AND status = 'succeeded'")
_TWICE = text(
    "SELECT count(*) FROM (SELECT subject FROM sandbox_entry WHERE kind = 'charge' AND result = 'settled' "
    "GROUP BY subject HAVING count(*) > 1) AS twice"
)
_CHARGED = text("SELECT count(*) FROM sandbox_entry WHERE kind = 'charge' AND result = 'settled'")


def measure(stand: Stand, quick: bool) -> Sequence[Row]:
    """One and two scheduler processes take turns; each turn renews a publisher's subscriptions, which are all due."""
    rounds, count = (1, 40) if quick else (5, 400)
    turns = take_turns(
        rounds,
        baseline=lambda: _rate(stand, processes=1, count=count),
        ours=lambda: _rate(stand, processes=2, count=count),
    )
    return [_row(turns, count)]


def _rate(stand: Stand, *, processes: int, count: int) -> float:
    database, publisher_id = stand.database("billing", "app"), new_id("pub")
    mine = {"publisher_id": publisher_id}
    with database.transaction(publisher_id) as session:
        _fill(session, publisher_id, count)
    with ExitStack() as stack:
        for number in range(processes):
            port = free_port()
            settings = {"METRICS_PORT": str(port), "WORKER_ID": f"bench-{number}"}
            wait_for_port(stand.process("billing", "scheduler", on=stack, **settings), port)

        def renewed() -> bool:
            with database.transaction(publisher_id) as session:
                return bool(session.scalar(_RENEWED, mine) == count)

        with database.transaction(publisher_id) as session:
            session.execute(_DUE, mine)
        began = time.perf_counter()
        wait_until("all to be renewed", renewed, seconds=300, every=0.05)
        took = time.perf_counter() - began
    _require_once(database.transaction(publisher_id), count)
    return count / took


def _require_once(transaction: object, count: int) -> None:
    with transaction as session:  # type: ignore[attr-defined]
        charged, twice = session.scalar(_CHARGED), session.scalar(_TWICE)
    if (charged, twice) != (count, 0):
        raise RuntimeError(f"{count} were due, {charged} charges, {twice} payment methods charged twice")


def _fill(session: Session, publisher_id: str, count: int) -> None:
    values = {
        "publisher_id": publisher_id,
        "offer_id": new_id("off"),
        "mark": new_id("x")[2:],
        "count": count,
    }
    for statement in _FILL:
        session.execute(text(statement), values)


def _row(turns: Rounds, count: int) -> Row:
    return Row(
        name="renewals",
        what=f"{count} due renewals with the sandbox, 2 schedulers and 1, none charged twice",
        ours=statistics.median(turns.ours),
        baseline=statistics.median(turns.baseline),
        unit="renewals/s",
        aim=AIM,
        ratios=turns.ratios,
        details={"ours": turns.ours, "baseline": turns.baseline},
    )
