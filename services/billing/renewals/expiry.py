"""Access that has run out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.actions.access import end_access
from services.billing.actions.accounts import lock_for_outcome, settle_account
from services.billing.models.access import Access
from services.billing.models.subscriptions import RUNNING, Subscription


def expire_access(session: Session, *, publisher_id: str, customer_id: str, now: datetime) -> int:
    """End a customer's access that has run out, and count again what they may use; how many.

    A subscription that goes on decides itself when its access is over.
    """
    account = lock_for_outcome(session, publisher_id, customer_id)
    running = select(Subscription.id).where(Subscription.id == Access.subscription_id, Subscription.status.in_(RUNNING))
    over = select(Access).where(
        Access.publisher_id == publisher_id,
        Access.customer_id == customer_id,
        Access.ended_at.is_(None),
        Access.ends_at <= now,
        ~running.exists(),
    )
    found = session.scalars(over.order_by(Access.id).with_for_update()).all()
    for access in found:
        end_access(session, access, expired=True, now=now)
    if found:
        settle_account(session, account, now=now)
    return len(found)
