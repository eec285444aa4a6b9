"""Forgetting which notifications were taken in, once no provider sends them again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, text

from servicekit.db.database import Database

KEPT = timedelta(days=200)
"""Longer than anybody can have a notification sent again: Apple's history reaches back 180 days, Google's queue keeps
a message for 31 at most, Stripe sends one again for 30.

What comes later than that finds its payment, refund or state known, and changes nothing either.
"""
_BATCH = 5000
_DELETE = text(
    """
    DELETE FROM webhook_receipt WHERE (publisher_id, provider, event_id) IN (
        SELECT publisher_id, provider, event_id FROM webhook_receipt
        WHERE received_at < :before ORDER BY received_at LIMIT :batch
    )
    """
)


def prune_receipts(system: Database, *, now: datetime) -> int:
    """Delete what was kept long enough, of every publisher, in small transactions; how many."""
    total = 0
    while True:
        with system.transaction() as session:
            result = session.execute(_DELETE, {"before": now - KEPT, "batch": _BATCH})
            gone = cast("CursorResult[Any]", result).rowcount
        total += gone
        if gone < _BATCH:
            return total
