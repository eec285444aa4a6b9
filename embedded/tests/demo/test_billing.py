"""What demo customers bought: counted right, the same for the same seed, and not doubled by a second fill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from embedded.demo.filling import fill
from servicekit.db.database import Database
from servicekit.db.migrate import migrate
from servicekit.testing.databases import template
from services.billing.app import MIGRATIONS as BILLING
from services.billing.models.access import Access
from services.billing.models.accounts import Account
from services.billing.models.invoices import Invoice
from services.billing.models.offers import Offer
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import RUNNING, Subscription
from services.billing.models.transactions import SETTLED, Transaction
from services.customers.app import MIGRATIONS as CUSTOMERS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_TABLES = (Offer, PaymentMethod, Subscription, Transaction, Access, Account, Invoice)


def _migrating(where: Path) -> Callable[[str, str], None]:
    return lambda _name, url: migrate(url, where)


@pytest.fixture
def databases() -> Iterator[tuple[Database, Database]]:
    with ExitStack() as stack:
        made = []
        for name, migrations in (("democ", CUSTOMERS), ("demob", BILLING)):
            one = stack.enter_context(template(name, _migrating(migrations)))
            database = Database(one.copy().urls.app, pool_size=2)
            stack.callback(database.close)
            made.append(database)
        yield made[0], made[1]


def _fill(databases: tuple[Database, Database], count: int) -> dict[str, int]:
    customers, billing = databases
    fill(customers, billing=billing, publisher_id="pub_demo", count=count, now=NOW, done=lambda _: None)
    with billing.transaction("pub_demo") as session:
        return {table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in _TABLES}


def test_everything_is_there_and_counted(databases: tuple[Database, Database]) -> None:
    counted = _fill(databases, 300)
    assert _fill(databases, 300) == counted, "a second fill changes nothing"
    with databases[1].transaction("pub_demo") as session:
        subscriptions = session.scalars(select(Subscription)).all()
        transactions = session.scalars(select(Transaction)).all()
        accounts = session.scalars(select(Account)).all()
        offers = session.scalars(select(Offer)).all()
        refunded = session.scalar(text("SELECT count(*) FROM refund"))
    assert {each.status for each in subscriptions} == {*RUNNING, "expired"}
    assert {each.status for each in transactions} == {"succeeded", "failed", "refunded", "partially_refunded"}
    assert {each.channel for each in transactions} == {"web", "apple", "google", "roku", "amazon"}
    assert {each.kind for each in offers} == {"subscription", "pass", "event", "single"}
    assert len({each.currency for each in transactions}) >= 3
    assert refunded == sum(each.refunded_minor > 0 for each in transactions)
    assert counted["invoice"] > 10
    assert counted["payment_method"] > 50
    assert all(each.created_at <= NOW for each in transactions)
    for account in accounts:
        _assert_counted(account, transactions, subscriptions)


def _assert_counted(account: Account, transactions: Any, subscriptions: Any) -> None:
    mine = [each for each in transactions if each.customer_id == account.customer_id]
    value: Counter[str] = Counter()
    for each in mine:
        if each.status in SETTLED:
            value[each.currency] += each.amount_minor - each.refunded_minor
    running = [s for s in subscriptions if s.customer_id == account.customer_id and s.status in RUNNING]
    assert account.transactions_count == len(mine)
    assert account.lifetime_value == dict(value)
    assert account.active_subscriptions == len(running)
    assert account.has_access == bool(running)
