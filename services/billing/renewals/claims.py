"""Finding what is due, whosever it is: subscriptions by a lease that other schedulers respect, access to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

LEASE = timedelta(seconds=60)
"""How long a scheduler keeps what it has claimed. It spares work; that no money moves twice is for the lock."""
# The longest due first, so that nobody waits for ever; whatever another scheduler is just claiming is left to it.
_CLAIM = text(
    """
    UPDATE subscription SET claimed_until = :until
    FROM (
        SELECT id AS chosen FROM subscription
        WHERE next_attempt_at <= :now AND (claimed_until IS NULL OR claimed_until <= :now)
        ORDER BY next_attempt_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    ) AS found
    WHERE id = chosen
    RETURNING id, publisher_id, customer_id, next_attempt_at
    """
)
_ACCESS = text(
    """
    SELECT DISTINCT publisher_id, customer_id FROM (
        SELECT publisher_id, customer_id FROM access
        WHERE ended_at IS NULL AND ends_at <= :now AND NOT EXISTS (
            SELECT FROM subscription
            WHERE subscription.id = access.subscription_id AND subscription.status <> 'expired'
        )
        ORDER BY ends_at LIMIT :limit
    ) AS due
    """
)


@dataclass(frozen=True, slots=True)
class Due:
    """A subscription with which something is to be done."""

    id: str
    publisher_id: str
    customer_id: str


def claim_due(session: Session, *, now: datetime, limit: int) -> Sequence[Due]:
    """Claim subscriptions that are due, of any publisher; the longest due first."""
    rows = session.execute(_CLAIM, {"now": now, "until": now + LEASE, "limit": limit}).all()
    return [Due(*row[:3]) for row in sorted(rows, key=lambda row: (row[3], row[0]))]


def customers_with_access_over(session: Session, *, now: datetime, limit: int) -> Sequence[tuple[str, str]]:
    """Publisher and customer where access has run out and nothing renews it."""
    return [(row[0], row[1]) for row in session.execute(_ACCESS, {"now": now, "limit": limit})]
