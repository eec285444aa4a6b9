"""Giving access, making it longer, ending it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from servicekit.ids import new_id
from services.billing import events
from services.billing.models.access import Access, AccessExtension
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction


def grant_access(
    session: Session, transaction: Transaction, *, starts_at: datetime, ends_at: datetime | None, now: datetime
) -> Access:
    """The access that a purchase without a subscription gives; the same purchase again changes nothing."""
    known = session.scalars(select(Access).where(Access.transaction_id == transaction.id)).one_or_none()
    if known is not None:
        return known
    access = Access(
        id=new_id("acc"),
        publisher_id=transaction.publisher_id,
        customer_id=transaction.customer_id,
        offer_id=transaction.offer_id,
        transaction_id=transaction.id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason="import" if transaction.origin == "import" else "purchase",
        version=1,
    )
    session.add(access)
    events.publish_access(session, events.ACCESS_GRANTED, access, now=now)
    return access


def follow_subscription(
    session: Session, subscription: Subscription, *, until: datetime, exactly: bool = False, now: datetime
) -> Access:
    """Give a subscription's access until then: new, longer, or as it is. Never shorter than it was extended to.

    ``exactly``: shorter too, for what had been given without being paid.
    """
    access = access_of(session, subscription.id)
    if access is None:
        access = Access(
            id=new_id("acc"),
            publisher_id=subscription.publisher_id,
            customer_id=subscription.customer_id,
            offer_id=subscription.offer_id,
            subscription_id=subscription.id,
            starts_at=subscription.started_at,
            ends_at=until,
            reason="trial" if subscription.status == "trialing" else "purchase",
            version=1,
        )
        session.add(access)
        events.publish_access(session, events.ACCESS_GRANTED, access, now=now)
        return access
    reopened = access.ended_at is not None
    least = _extended_until(session, access) if exactly else access.ends_at
    endless = access.ends_at is None and not reopened
    ends_at = None if endless else until if least is None else max(least, until)
    if reopened or ends_at != access.ends_at or access.offer_id != subscription.offer_id:
        access.offer_id = subscription.offer_id
        access.ended_at = None
        access.ends_at = ends_at
        access.version += 1
        # The time that a renewal pays for is no extension that anybody gave: it goes with the renewal's own event.
        events.publish_access(session, events.ACCESS_GRANTED, access, now=now)
    return access


def _extended_until(session: Session, access: Access) -> datetime | None:
    return session.scalar(select(func.max(AccessExtension.ends_at)).where(AccessExtension.access_id == access.id))


def end_access(session: Session, access: Access, *, now: datetime, expired: bool = False) -> None:
    """Access is over now. Doing it again changes nothing."""
    if access.ended_at is not None:
        return
    access.ended_at = access.ends_at if expired and access.ends_at is not None else now
    access.version += 1
    kind = events.ACCESS_EXPIRED if expired else events.ACCESS_ENDED
    events.publish_access(session, kind, access, now=now)


def access_of(session: Session, subscription_id: str) -> Access | None:
    """The access that a subscription gives, locked."""
    return session.scalars(
        select(Access).where(Access.subscription_id == subscription_id).with_for_update()
    ).one_or_none()


def access_by(session: Session, transaction: Transaction) -> Access | None:
    """The access that a transaction pays for: its own, or its subscription's; locked."""
    if transaction.subscription_id is not None:
        return access_of(session, transaction.subscription_id)
    return session.scalars(
        select(Access).where(Access.transaction_id == transaction.id).with_for_update()
    ).one_or_none()
