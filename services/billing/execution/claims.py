"""Claiming operations: a lease that others respect until it runs out, and a fence that its holder has to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

LEASE = timedelta(seconds=240)
"""Longer than any call to a provider takes, so that some can be made one after the other."""

_TAKEN = """
    attempts = attempts + 1, fence = fence + 1, lease_until = :until,
    first_called_at = coalesce(first_called_at, :now)
    FROM (
        SELECT id AS chosen, first_called_at AS called_before FROM operation
        WHERE {} AND status IN ('pending', 'in_doubt', 'processing') AND lease_until < :now
        ORDER BY next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ) AS found
    WHERE id = chosen
    RETURNING id, publisher_id, customer_id, kind, provider, request, status, attempts, fence, called_before,
        lease_until
"""
_DUE = text(f"UPDATE operation SET {_TAKEN.format('next_attempt_at <= :now')}")  # noqa: S608 (constants only)
_ONE = text(f"UPDATE operation SET {_TAKEN.format('id = :id AND next_attempt_at <= :now')}")  # noqa: S608 (constants only)


@dataclass(frozen=True, slots=True)
class Claim:
    """An operation that is ours until ``leased_until``. ``called_before``: when the provider was first called."""

    id: str
    publisher_id: str
    customer_id: str
    kind: str
    provider: str
    request: dict[str, Any]
    status: str
    attempts: int
    fence: int
    called_before: datetime | None
    leased_until: datetime


def claim_due(session: Session, *, now: datetime, limit: int) -> Sequence[Claim]:
    """Claim what is due, of any publisher."""
    rows = session.execute(_DUE, {"now": now, "until": now + LEASE, "limit": limit})
    return [Claim(*row) for row in rows]


def claim_one(session: Session, operation_id: str, *, now: datetime) -> Claim | None:
    """Claim this one; None if it is done, not due yet, or somebody else's."""
    row = session.execute(_ONE, {"id": operation_id, "now": now, "until": now + LEASE, "limit": 1}).one_or_none()
    return None if row is None else Claim(*row)
