"""The present state of all publishers' things, page by page, for a consumer that begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.feed import FeedItem, FeedPage, read_feed
from services.billing import events
from services.billing.models.accounts import Account
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.people import KnownCustomer
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.queries.transactions import present_transactions
from services.billing.views.accounts import account_state
from services.billing.views.payment_methods import payment_method_state


def accounts_feed(session: Session, *, cursor: str | None, limit: int) -> FeedPage:
    """Billing accounts, by customer ID. An erased customer's is a tombstone, with figures and nothing personal."""
    return _feed(session, Account, Account.customer_id, account_state, cursor, limit)


def transactions_feed(session: Session, *, cursor: str | None, limit: int) -> FeedPage:
    """Transactions, by ID."""
    return _feed(
        session, Transaction, Transaction.id, lambda row: present_transactions(session, [row])[0], cursor, limit
    )


def subscriptions_feed(session: Session, *, cursor: str | None, limit: int) -> FeedPage:
    """Subscriptions, by ID."""
    return _feed(
        session, Subscription, Subscription.id, lambda row: events.subscription_told(session, row), cursor, limit
    )


def payment_methods_feed(session: Session, *, cursor: str | None, limit: int) -> FeedPage:
    """Payment details, by ID."""
    now = clock.now()
    return _feed(
        session, PaymentMethod, PaymentMethod.id, lambda row: payment_method_state(row, now=now), cursor, limit
    )


def _feed(
    session: Session,
    model: Any,
    key: Any,
    state: Callable[[Any], dict[str, Any]],
    cursor: str | None,
    limit: int,
) -> FeedPage:
    def present(row: Any) -> FeedItem:
        thing, erased = row
        return FeedItem(
            subject=getattr(thing, key.key),
            publisher_id=thing.publisher_id,
            version=thing.version,
            datasubject=thing.customer_id,
            deleted=bool(erased),
            data=state(thing),
        )

    # A customer may be told of later than what is here of them was imported.
    rows = select(model, KnownCustomer.erased).outerjoin(KnownCustomer, KnownCustomer.customer_id == model.customer_id)
    return read_feed(session, rows, key=key, present=present, cursor=cursor, limit=limit)
