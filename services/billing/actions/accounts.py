"""The billing account: the lock of everything that a customer has here, and the figures kept with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from servicekit.db.bulk import insertion, send
from servicekit.events import EventType
from servicekit.screening import screen
from services.billing import events
from services.billing.errors import AccountClosed, CustomerErased, CustomerNotFound
from services.billing.models.access import Access
from services.billing.models.accounts import UNUSED, Account
from services.billing.models.people import KnownCustomer
from services.billing.models.subscriptions import RENEWING, RUNNING, Subscription
from services.billing.models.transactions import Transaction
from services.billing.views.common import money

_MAKE = insertion(Account.__table__, "ON CONFLICT DO NOTHING")
_BEST = ("active", "trialing", "past_due", "cancelled", "expired")


def lock_account(session: Session, publisher_id: str, customer_id: str) -> Account:
    """The customer's account, locked until the transaction ends; made if there is none yet.

    Before anything else in a transaction that writes something of this customer's. Raises CustomerNotFound for one
    that billing hasn't been told of, CustomerErased.
    """
    if screen(session, publisher_id, [customer_id]).is_erased(customer_id):
        raise CustomerErased
    account = _locked(session, publisher_id, customer_id)
    if account is None:
        known = select(KnownCustomer.erased).where(
            KnownCustomer.customer_id == customer_id, KnownCustomer.publisher_id == publisher_id
        )
        erased = session.execute(known).scalar_one_or_none()
        if erased is None:
            raise CustomerNotFound
        if erased:
            raise CustomerErased
        account = _made(session, publisher_id, customer_id)
    return account


def lock_open_account(session: Session, publisher_id: str, customer_id: str) -> Account:
    """As ``lock_account``, for what a closed account doesn't take: raises AccountClosed too."""
    account = lock_account(session, publisher_id, customer_id)
    if account.status == "closed":
        raise AccountClosed
    return account


def lock_for_outcome(session: Session, publisher_id: str, customer_id: str) -> Account:
    """The account, locked, for what a provider has done: that is recorded whatever became of the customer since."""
    account = _locked(session, publisher_id, customer_id)
    if account is None:
        account = _made(session, publisher_id, customer_id)
    return account


def make_accounts(session: Session, publisher_id: str, customer_ids: Iterable[str]) -> None:
    """Accounts without anything in them for those who have none."""
    rows = [{"customer_id": each, "publisher_id": publisher_id, **UNUSED} for each in sorted(set(customer_ids))]
    send(session, _MAKE, rows)


def count_transaction(account: Account, transaction: Transaction) -> None:
    """A transaction more: number, first and last date and channel, last payment method."""
    account.transactions_count += 1
    at = transaction.created_at
    if account.first_transaction_at is None or at < account.first_transaction_at:
        account.first_transaction_at, account.first_channel = at, transaction.channel
    if account.last_transaction_at is None or at >= account.last_transaction_at:
        account.last_transaction_at, account.last_channel = at, transaction.channel
        if transaction.payment_method is not None:
            account.last_payment_method = transaction.payment_method


def count_money(account: Account, currency: str, change_minor: int) -> None:
    """Money that came in, or (negative) was given back."""
    value = dict(account.lifetime_value)
    value[currency] = value.get(currency, 0) + change_minor
    account.lifetime_value = value


def settle_account(
    session: Session, account: Account, *, now: datetime, kind: EventType = events.ACCOUNT_CHANGED
) -> None:
    """Count again what is few (subscriptions, access), and tell of the account. The last step of a change."""
    session.flush()
    _count_subscriptions(session, account)
    _count_access(session, account, now)
    account.version += 1
    events.publish_account(session, account, now=now, kind=kind)


def _made(session: Session, publisher_id: str, customer_id: str) -> Account:
    make_accounts(session, publisher_id, [customer_id])
    made = _locked(session, publisher_id, customer_id)
    if made is None:
        raise RuntimeError("an account that was just made is not there")
    return made


def _locked(session: Session, publisher_id: str, customer_id: str) -> Account | None:
    statement = (
        select(Account)
        .where(Account.customer_id == customer_id, Account.publisher_id == publisher_id)
        .with_for_update()
    )
    return session.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()


def _count_subscriptions(session: Session, account: Account) -> None:
    mine = (Subscription.publisher_id == account.publisher_id, Subscription.customer_id == account.customer_id)
    running = session.scalars(select(Subscription).where(*mine, Subscription.status.in_(RUNNING))).all()
    had = bool(running) or session.scalar(select(Subscription.id).where(*mine).limit(1)) is not None
    show_subscriptions(account, running, had=had)


def show_subscriptions(account: Account, running: Sequence[Subscription], *, had: bool) -> None:
    """Figures of the subscriptions that have not ended; ``had``: whether there ever was one."""
    statuses = {each.status for each in running} or ({"expired"} if had else set())
    account.active_subscriptions = len(running)
    account.subscription_status = next((status for status in _BEST if status in statuses), None)
    coming = [(each.next_payment_at, each.id, each) for each in running if each.next_payment_at is not None]
    at, _, following = min(coming, default=(None, "", None))
    account.next_payment_at = at
    account.next_payment = money(following.coming_price_minor, following.currency) if following else None


def _count_access(session: Session, account: Account, now: datetime) -> None:
    running = select(Subscription.id).where(
        Subscription.id == Access.subscription_id, Subscription.status.in_(RENEWING)
    )
    mine = (
        Access.publisher_id == account.publisher_id,
        Access.customer_id == account.customer_id,
        Access.ended_at.is_(None),
        # While a renewal is on its way the subscription decides, not the date until which it is paid.
        or_(Access.ends_at.is_(None), Access.ends_at > now, running.exists()),
    )
    count, endless, until = session.execute(
        select(func.count(), func.count().filter(Access.ends_at.is_(None)), func.max(Access.ends_at)).where(*mine)
    ).one()
    account.has_access = count > 0
    account.access_until = None if endless else until
