"""Deleting what the kit keeps only for a set time: the event log, the inbox, the answers to repeated requests, the
audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, TextClause, text

from servicekit.audit import AUDIT_KEPT, OLD_ENTRIES
from servicekit.db.database import Database

_BATCH = 5000
_EVENT_LOG = text(
    """
    DELETE FROM event_log WHERE arrival IN (
        SELECT arrival FROM event_log WHERE logged_at < :before AND position IS NOT NULL LIMIT :batch
    )
    """
)
_INBOX = text(
    """
    DELETE FROM inbox WHERE (consumer, event_id) IN (
        SELECT consumer, event_id FROM inbox WHERE received_at < :before ORDER BY received_at LIMIT :batch
    )
    """
)
_IDEMPOTENCY = text(
    """
    DELETE FROM idempotency_key WHERE (publisher_id, actor_id, key) IN (
        SELECT publisher_id, actor_id, key FROM idempotency_key
        WHERE created_at < :before ORDER BY created_at LIMIT :batch
    )
    """
)
_EXISTS = text("SELECT to_regclass(:name) IS NOT NULL")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each is kept. The inbox must outlast every late repetition, webhooks' replays included."""

    event_log: timedelta = timedelta(days=30)
    inbox: timedelta = timedelta(days=90)
    idempotency_key: timedelta = timedelta(hours=24)
    audit_entry: timedelta = AUDIT_KEPT


def prune(database: Database, *, retention: Retention, now: datetime) -> dict[str, int]:
    """Delete what is older than its time, in small transactions; how many rows of each table."""
    tables = {
        "event_log": (_EVENT_LOG, retention.event_log),
        "inbox": (_INBOX, retention.inbox),
        "idempotency_key": (_IDEMPOTENCY, retention.idempotency_key),
        "audit_entry": (OLD_ENTRIES, retention.audit_entry),
    }
    deleted = {}
    for name, (statement, kept) in tables.items():
        with database.transaction() as session:
            exists = session.execute(_EXISTS, {"name": name}).scalar_one()
        deleted[name] = _delete_all(database, statement, now - kept) if exists else 0
    return deleted


def _delete_all(database: Database, statement: TextClause, before: datetime) -> int:
    total = 0
    while True:
        with database.transaction() as session:
            result = session.execute(statement, {"before": before, "batch": _BATCH})
            gone = cast("CursorResult[Any]", result).rowcount
        total += gone
        if gone < _BATCH:
            return total
