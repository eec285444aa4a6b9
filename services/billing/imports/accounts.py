"""The accounts of a batch's customers: locked together, counted in memory, written and told of in one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from types import SimpleNamespace
from typing import cast

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from servicekit.db.bulk import send
from servicekit.events import Event
from services.billing import events
from services.billing.actions.accounts import make_accounts, show_subscriptions
from services.billing.models.access import Access
from services.billing.models.accounts import UNUSED, Account
from services.billing.models.subscriptions import RENEWING, RUNNING, Subscription
from services.billing.views.accounts import account_state

_COLUMNS = [column.name for column in Account.__table__.columns]
_CHANGED = [name for name in _COLUMNS if name not in ("customer_id", "publisher_id")]
# In the order of their IDs, so that two who lock several never wait for each other.
_READ = text(
    f"""
    SELECT {", ".join(_COLUMNS)} FROM account
    WHERE publisher_id = :publisher_id AND customer_id = ANY(CAST(:customers AS text[])) ORDER BY customer_id
    """  # noqa: S608
)
_LOCK = text(f"{_READ.text} FOR UPDATE")
_SAVE = text(
    f"""
    UPDATE account SET ({", ".join(_CHANGED)}) = ({", ".join(f"changed.{name}" for name in _CHANGED)})
    FROM json_populate_recordset(NULL::account, :rows) AS changed WHERE account.customer_id = changed.customer_id
    """  # noqa: S608
)


def lock_accounts(
    session: Session, publisher_id: str, customer_ids: Collection[str], *, dry_run: bool
) -> dict[str, Account]:
    """These customers' accounts by their IDs, as copies to count in; locked, and made where there are none.

    In a dry run they are neither. Screen the customers first.
    """
    wanted = sorted(set(customer_ids))
    if not wanted:
        return {}
    if not dry_run:
        make_accounts(session, publisher_id, wanted)
    asked = {"publisher_id": publisher_id, "customers": wanted}
    rows = session.execute(_READ if dry_run else _LOCK, asked).mappings()
    # Not as objects of the mapper: each attribute of those costs several times as much to read and write.
    accounts = {row["customer_id"]: SimpleNamespace(**row) for row in rows}
    for customer_id in wanted:
        if customer_id not in accounts:
            unused = {**dict.fromkeys(_COLUMNS), **UNUSED, "lifetime_value": {}}
            accounts[customer_id] = SimpleNamespace(
                **{**unused, "customer_id": customer_id, "publisher_id": publisher_id}
            )
    return cast("dict[str, Account]", accounts)


def count_again(session: Session, publisher_id: str, accounts: Iterable[Account], *, now: datetime) -> None:
    """Set the figures of subscriptions and access by what there now is."""
    session.flush()
    by_customer = {account.customer_id: account for account in accounts}
    subscriptions: dict[str, list[Subscription]] = defaultdict(list)
    had: set[str] = set()
    mine = select(Subscription).where(
        Subscription.publisher_id == publisher_id, Subscription.customer_id.in_(by_customer)
    )
    for subscription in session.scalars(mine):
        had.add(subscription.customer_id)
        if subscription.status in RUNNING:
            subscriptions[subscription.customer_id].append(subscription)
    # While a renewal is on its way the subscription decides, not the date until which it is paid.
    renewing = {each.id for found in subscriptions.values() for each in found if each.status in RENEWING}
    ends: dict[str, list[datetime | None]] = defaultdict(list)
    given = select(Access.customer_id, Access.ends_at, Access.subscription_id).where(
        Access.publisher_id == publisher_id, Access.customer_id.in_(by_customer), Access.ended_at.is_(None)
    )
    for customer_id, ends_at, subscription_id in session.execute(given):
        if ends_at is None or ends_at > now or subscription_id in renewing:
            ends[customer_id].append(ends_at)
    for customer_id, account in by_customer.items():
        show_subscriptions(account, subscriptions[customer_id], had=customer_id in had)
        until = ends[customer_id]
        account.has_access = bool(until)
        account.access_until = None if None in until else max((each for each in until if each), default=None)


def save_accounts(session: Session, accounts: Iterable[Account], *, now: datetime) -> list[Event]:
    """Write the copies back; the events that tell of them, to be published last."""
    told, rows = [], []
    for account in accounts:
        account.version += 1
        rows.append({name: getattr(account, name) for name in _COLUMNS})
        told.append(
            events.event_of(
                events.ACCOUNT_CHANGED,
                publisher_id=account.publisher_id,
                subject=account.customer_id,
                version=account.version,
                datasubject=account.customer_id,
                data=account_state(account),
                now=now,
            )
        )
    send(session, _SAVE, rows)
    return told
