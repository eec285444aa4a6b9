"""The kit's own tables, for its queries and for the inventory of personal data.

Each column says in ``info`` what becomes of it when a person is erased: ``erase``, ``keep``, ``keep_by_law``, ``none``.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()


def plain(name: str, kind: Any, **options: Any) -> Column[Any]:
    """A column that says nothing about a person."""
    return Column(name, kind, info={"personal": "none"}, **options)


def personal(name: str, kind: Any, **options: Any) -> Column[Any]:
    """A column that is erased with the person it is about."""
    return Column(name, kind, info={"personal": "erase"}, **options)


_moment = DateTime(timezone=True)

outbox = Table(
    "outbox",
    metadata,
    plain("seq", BigInteger, primary_key=True),
    plain("shard", SmallInteger),
    plain("publisher_id", Text),
    plain("event_id", Text),
    plain("type", Text),
    plain("subject", Text),
    plain("aggregate_version", BigInteger),
    plain("datasubject", Text),
    plain("time", _moment),
    personal("payload", Text),
    plain("unroutable_since", _moment),
    plain("waits_for", Text),
    Column("held", Boolean, Computed("unroutable_since IS NOT NULL"), info={"personal": "none"}),
    plain("retry_at", _moment),  # no longer used; the version before still writes it
)

event_log = Table(
    "event_log",
    metadata,
    plain("arrival", BigInteger, primary_key=True),
    plain("position", BigInteger),
    plain("publisher_id", Text),
    plain("event_id", Text),
    plain("type", Text),
    plain("subject", Text),
    plain("aggregate_version", BigInteger),
    plain("datasubject", Text),
    plain("time", _moment),
    personal("payload", Text),
    plain("logged_at", _moment),
)

event_log_sequencer = Table(
    "event_log_sequencer",
    metadata,
    plain("id", SmallInteger, primary_key=True),
    plain("last_position", BigInteger),
)

relay_shard = Table(
    "relay_shard",
    metadata,
    plain("shard", SmallInteger, primary_key=True),
    plain("owner", Text),
    plain("fence", BigInteger),
    plain("expires_at", _moment),
)

relay_worker = Table(
    "relay_worker",
    metadata,
    plain("worker", Text, primary_key=True),
    plain("expires_at", _moment),
)

inbox = Table(
    "inbox",
    metadata,
    plain("consumer", Text, primary_key=True),
    plain("event_id", Text, primary_key=True),
    plain("publisher_id", Text),
    plain("received_at", _moment),
)

parked_message = Table(
    "parked_message",
    metadata,
    plain("id", Text, primary_key=True),
    plain("consumer", Text),
    plain("publisher_id", Text),
    plain("event_id", Text),
    plain("type", Text),
    plain("subject", Text),
    plain("datasubject", Text),
    personal("body", LargeBinary),
    personal("reason", Text),
    plain("parked_at", _moment),
)

erased_subject = Table(
    "erased_subject",
    metadata,
    plain("publisher_id", Text, primary_key=True),
    plain("subject", Text, primary_key=True),
    plain("erased_at", _moment),
)

subject_alias = Table(
    "subject_alias",
    metadata,
    plain("publisher_id", Text, primary_key=True),
    plain("alias", Text, primary_key=True),
    plain("subject", Text),
)

bootstrap_progress = Table(
    "bootstrap_progress",
    metadata,
    plain("source", Text, primary_key=True),
    plain("cursor", Text),
    plain("items", BigInteger),
    plain("finished_at", _moment),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    plain("publisher_id", Text, primary_key=True),
    plain("actor_id", Text, primary_key=True),
    plain("key", Text, primary_key=True),
    plain("fingerprint", Text),
    plain("datasubject", Text),
    plain("status", SmallInteger),
    plain("headers", JSONB),
    personal("body", Text),
    plain("created_at", _moment),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    plain("id", Text, primary_key=True),
    plain("publisher_id", Text, primary_key=True),
    plain("at", _moment),
    plain("actor_id", Text),
    plain("actor_kind", Text),
    plain("action", Text),
    plain("subject", Text),
    plain("request_id", Text),
    plain("outcome", Text),
)
