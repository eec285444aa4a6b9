"""Statements that create the kit's tables, for a service's migrations. What a version has created never changes:
a new shape is a new function, called by a new migration."""

from __future__ import annotations

from servicekit.db.roles import isolate, share

SHARDS = 64


def outbox_v1(database: str) -> list[str]:
    """Outbox, event log and the relay's leases."""
    return [
        """CREATE TABLE outbox (
            seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
            shard smallint NOT NULL,
            publisher_id text NOT NULL,
            event_id text NOT NULL,
            type text NOT NULL,
            subject text NOT NULL,
            aggregate_version bigint NOT NULL,
            datasubject text,
            time timestamptz NOT NULL,
            payload text NOT NULL,
            unroutable_since timestamptz,
            retry_at timestamptz)
            WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)""",
        "CREATE INDEX outbox_unroutable ON outbox (publisher_id, subject) WHERE unroutable_since IS NOT NULL",
        "CREATE INDEX outbox_to_retry ON outbox (retry_at) WHERE unroutable_since IS NOT NULL",
        "CREATE INDEX outbox_by_datasubject ON outbox (publisher_id, datasubject) WHERE datasubject IS NOT NULL",
        """CREATE TABLE event_log (
            arrival bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
            position bigint UNIQUE,
            publisher_id text NOT NULL,
            event_id text NOT NULL,
            type text NOT NULL,
            subject text NOT NULL,
            aggregate_version bigint NOT NULL,
            datasubject text,
            time timestamptz NOT NULL,
            payload text,
            logged_at timestamptz NOT NULL DEFAULT now())""",
        "CREATE INDEX event_log_unplaced ON event_log (arrival) WHERE position IS NULL",
        "CREATE INDEX event_log_by_datasubject ON event_log (publisher_id, datasubject) WHERE datasubject IS NOT NULL",
        "CREATE INDEX event_log_by_age ON event_log USING brin (logged_at) WITH (autosummarize = on)",
        "CREATE TABLE event_log_sequencer (id smallint PRIMARY KEY, last_position bigint NOT NULL)",
        "INSERT INTO event_log_sequencer VALUES (1, 0)",
        """CREATE TABLE relay_shard (
            shard smallint PRIMARY KEY, owner text, fence bigint NOT NULL DEFAULT 0,
            expires_at timestamptz NOT NULL DEFAULT '-infinity')""",
        f"INSERT INTO relay_shard (shard) SELECT generate_series(0, {SHARDS - 1})",
        "CREATE TABLE relay_worker (worker text PRIMARY KEY, expires_at timestamptz NOT NULL)",
        *isolate(database, "outbox", app="SELECT, INSERT, UPDATE", system="SELECT, INSERT, UPDATE, DELETE"),
        *isolate(database, "event_log", app="SELECT, UPDATE", system="SELECT, INSERT, UPDATE, DELETE"),
        *share(database, "event_log_sequencer", system="SELECT, UPDATE"),
        *share(database, "relay_shard", system="SELECT, UPDATE"),
        *share(database, "relay_worker", system="SELECT, INSERT, UPDATE, DELETE"),
    ]


def outbox_v2(database: str) -> list[str]:  # noqa: ARG001 - as all of these
    """What waits for a queue, out of the way of the rest: found by the type it waits for.

    ``retry_at`` has no meaning any more; relays of the version before still write it.
    """
    return [
        """ALTER TABLE outbox ADD COLUMN waits_for text,
            ADD COLUMN held boolean NOT NULL GENERATED ALWAYS AS (unroutable_since IS NOT NULL) STORED""",
        "CREATE INDEX outbox_next ON outbox (seq) WHERE NOT held",
        "CREATE INDEX outbox_held ON outbox (coalesce(waits_for, type), shard, seq) WHERE held",
        "CREATE INDEX outbox_held_by_aggregate ON outbox (publisher_id, subject) WHERE held",
        "DROP INDEX outbox_unroutable, outbox_to_retry",
    ]


def consumer_v1(database: str) -> list[str]:
    """What a service that consumes events or forgets people needs: inbox, parked messages, erased and aliased
    subjects, and how far a bootstrap got."""
    return [
        """CREATE TABLE inbox (
            consumer text NOT NULL, event_id text NOT NULL, publisher_id text NOT NULL,
            received_at timestamptz NOT NULL, PRIMARY KEY (consumer, event_id))""",
        "CREATE INDEX inbox_by_age ON inbox (received_at)",
        """CREATE TABLE parked_message (
            id text PRIMARY KEY, consumer text NOT NULL, publisher_id text, event_id text, type text, subject text,
            datasubject text, body bytea, reason text, parked_at timestamptz NOT NULL)""",
        "CREATE INDEX parked_message_by_datasubject ON parked_message (publisher_id, datasubject)",
        """CREATE TABLE erased_subject (
            publisher_id text NOT NULL, subject text NOT NULL, erased_at timestamptz NOT NULL,
            PRIMARY KEY (publisher_id, subject))""",
        """CREATE TABLE subject_alias (
            publisher_id text NOT NULL, alias text NOT NULL, subject text NOT NULL,
            PRIMARY KEY (publisher_id, alias))""",
        """CREATE TABLE bootstrap_progress (
            source text PRIMARY KEY, cursor text, items bigint NOT NULL, finished_at timestamptz)""",
        *isolate(database, "inbox", app="SELECT, INSERT", system="SELECT, INSERT, DELETE"),
        *isolate(
            database,
            "parked_message",
            app="SELECT, INSERT, UPDATE, DELETE",
            system="SELECT, INSERT, UPDATE, DELETE",
        ),
        *isolate(database, "erased_subject", app="SELECT, INSERT", system="SELECT, INSERT"),
        *isolate(database, "subject_alias", app="SELECT, INSERT, UPDATE, DELETE", system="SELECT"),
        *share(database, "bootstrap_progress", app="SELECT, INSERT, UPDATE, DELETE"),
    ]


def idempotency_v1(database: str) -> list[str]:
    """The answers kept for repeated requests."""
    return [
        """CREATE TABLE idempotency_key (
            publisher_id text NOT NULL, actor_id text NOT NULL, key text NOT NULL, fingerprint text NOT NULL,
            datasubject text, status smallint, headers jsonb, body text, created_at timestamptz NOT NULL,
            PRIMARY KEY (publisher_id, actor_id, key))""",
        "CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at)",
        "CREATE INDEX idempotency_key_by_datasubject ON idempotency_key (publisher_id, datasubject)",
        *isolate(database, "idempotency_key", app="SELECT, INSERT, UPDATE, DELETE", system="SELECT, DELETE"),
    ]


def audit_v1(database: str) -> list[str]:
    """The audit log: ``app`` adds and reads, and can neither change nor take away."""
    return [
        """CREATE TABLE audit_entry (
            id text NOT NULL, publisher_id text NOT NULL, at timestamptz NOT NULL, actor_id text NOT NULL,
            actor_kind text NOT NULL, action text NOT NULL, subject text, request_id text, outcome text NOT NULL,
            PRIMARY KEY (publisher_id, id))""",
        "CREATE INDEX audit_entry_by_subject ON audit_entry (publisher_id, subject, id) WHERE subject IS NOT NULL",
        "CREATE INDEX audit_entry_by_age ON audit_entry USING brin (at) WITH (autosummarize = on)",
        *isolate(database, "audit_entry", app="SELECT, INSERT", system="SELECT, DELETE"),
    ]
