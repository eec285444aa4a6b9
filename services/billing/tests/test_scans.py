"""What is asked at every renewal is answered by an index, however many payments a subscription has had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from servicekit.db.database import Database
from servicekit.testing.databases import ScratchDatabase
from services.billing.models.subscriptions import Subscription
from services.billing.queries.refunds import stopping_refund
from services.billing.queries.subscription_rules import last_payment, pending_payment
from services.billing.tests.renewing import World

PAYMENTS = 3_000
_COPIES = text(
    """
    INSERT INTO transaction (id, publisher_id, customer_id, kind, offer_id, subscription_id, amount_minor, tax_minor,
        refunded_minor, refunding_minor, currency, status, channel, provider, period_number, origin,
        created_at, version)
    SELECT 'txn_' || n, publisher_id, customer_id, kind, offer_id, subscription_id, 0, 0, 0, 0, currency, status,
        channel, provider, -n, 'import', created_at, 1
    FROM transaction, generate_series(1, :count) AS n
    """
)


def rows_read(database: Database, ask: Callable[[Session], Any]) -> int:
    """How many rows of ``transaction`` are looked at to answer."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    engine: Engine = database.engine
    with database.transaction("pub_a") as session:
        session.execute(text("SELECT 1"))
        event.listen(engine, "before_cursor_execute", note)
        try:
            ask(session)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        ((statement, parameters),) = sent
        explained = session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        return sum(map(_read, _nodes(explained.scalar_one()[0]["Plan"])))


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(inner for child in node.get("Plans", []) for inner in _nodes(child))]


def _read(node: dict[str, Any]) -> int:
    if node.get("Relation Name") != "transaction":
        return 0
    return int(node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * int(node["Actual Loops"])


ASKED: dict[str, Callable[[Session, Subscription], Any]] = {
    "pending payment": lambda session, subscription: pending_payment(session, subscription.id),
    "stopping refund": lambda session, subscription: stopping_refund(session, subscription.id),
    "last payment": last_payment,
}


@pytest.mark.parametrize("what", ASKED)
def test_few_payments_are_looked_at(world: World, scratch: ScratchDatabase, what: str) -> None:
    _, made = world.subscribe()
    with world.database.transaction("pub_a") as session:
        session.execute(_COPIES, {"count": PAYMENTS})
        subscription = session.get_one(Subscription, made["id"])
    with psycopg.connect(scratch.urls.migrate, autocommit=True) as connection:
        connection.execute("ANALYZE transaction")  # else the plan depends on when autovacuum last looked
    try:
        assert rows_read(world.database, lambda session: ASKED[what](session, subscription)) < 10
    finally:
        with world.database.transaction("pub_a") as session:
            session.execute(text("UPDATE account SET transactions_count = (SELECT count(*) FROM transaction)"))
