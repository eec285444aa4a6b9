"""The present state of all publishers' things, page by page, for a consumer that begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.feed import FeedItem, FeedPage, read_feed_together
from services.billing import events
from services.billing.models.accounts import Account
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.people import KnownCustomer
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.queries.paging import offers_loaded
from services.billing.queries.transactions import present_transactions
from services.billing.views.accounts import account_state
from services.billing.views.payment_methods import payment_method_state


def accounts_feed(session: Session, *, cursor: str | None, limit: int) -> FeedPage:
    """Billing accounts, by customer ID. An erased customer's is a tombstone, with figures and nothing personal."""
    return _feed(session, Account, Account.customer_id, lambda rows: list(map(account_state, rows)), cursor, limit)


def transactions_feed(session: Session, *, cursor: str | None, limit: int) -> FeedPage:
    """Transactions, by ID."""
    return _feed(session, Transaction, Transaction.id, lambda rows: present_transactions(session, rows), cursor, limit)


def subscriptions_feed(session: Session, *, cursor: str | None, limit: int) -> FeedPage:
    """Subscriptions, by ID."""

    def told(rows: Sequence[Any]) -> list[dict[str, Any]]:
        with offers_loaded(session, (each for row in rows for each in (row.offer_id, row.pending_offer_id))):
            return [events.subscription_told(session, row) for row in rows]

    return _feed(session, Subscription, Subscription.id, told, cursor, limit)


def payment_methods_feed(session: Session, *, cursor: str | None, limit: int) -> FeedPage:
    """Payment details, by ID."""
    now = clock.now()
    return _feed(
        session, PaymentMethod, PaymentMethod.id, lambda rows: [payment_method_state(row, now=now) for row in rows],
        cursor, limit,
    )  # fmt: skip


def _feed(
    session: Session,
    model: Any,
    key: Any,
    states: Callable[[Sequence[Any]], Sequence[dict[str, Any]]],
    cursor: str | None,
    limit: int,
) -> FeedPage:
    def present(rows: Sequence[Any]) -> list[FeedItem]:
        told = states([thing for thing, _ in rows])
        return [
            FeedItem(
                subject=getattr(thing, key.key),
                publisher_id=thing.publisher_id,
                version=thing.version,
                datasubject=thing.customer_id,
                deleted=bool(erased),
                data=data,
            )
            for (thing, erased), data in zip(rows, told, strict=True)
        ]

    # A customer may be told of later than what is here of them was imported.
    rows = select(model, KnownCustomer.erased).outerjoin(KnownCustomer, KnownCustomer.customer_id == model.customer_id)
    return read_feed_together(session, rows, key=key, present_all=present, cursor=cursor, limit=limit)
