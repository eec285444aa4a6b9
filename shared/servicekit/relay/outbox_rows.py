"""The relay's statements on the outbox: what to send next, what is done, what no queue takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.relay.leases import Leases

# An aggregate whose event no queue takes waits as a whole, or its later events would leave before it. The condition on
# the shard is one that the planner thinks nothing of: before the first ANALYZE it would else expect few rows and sort
# the whole backlog each time, instead of taking the first ones by the key.
_READ = text(
    """
    SELECT seq, shard, event_id, type, publisher_id, subject, payload FROM outbox
    WHERE array_position(CAST(:shards AS smallint[]), shard) IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM outbox AS stuck WHERE stuck.unroutable_since IS NOT NULL
        AND stuck.publisher_id = outbox.publisher_id AND stuck.subject = outbox.subject
    )
    ORDER BY seq LIMIT :limit
    """
)
_READ_DUE = text(
    """
    SELECT seq, shard, event_id, type, publisher_id, subject, payload FROM outbox
    WHERE unroutable_since IS NOT NULL AND retry_at <= now() AND shard = ANY(:shards)
    ORDER BY retry_at LIMIT :limit
    """
)
# The lease rows stay locked until the commit, so that nobody claims the shards in between.
_MINE = """
    WITH mine AS MATERIALIZED (
        SELECT relay_shard.shard FROM relay_shard
        JOIN unnest(CAST(:shards AS smallint[]), CAST(:fences AS bigint[])) AS lease (shard, fence)
            ON lease.shard = relay_shard.shard AND lease.fence = relay_shard.fence
        WHERE relay_shard.owner = :worker
        ORDER BY relay_shard.shard
        FOR SHARE OF relay_shard
    )
"""
# The payload is the row's present one, not what was read before: an erasure may have blanked it since.
_SETTLE = text(
    _MINE  # noqa: S608 (no value in it)
    + """
    , gone AS (
        DELETE FROM outbox WHERE seq = ANY(:seqs) AND shard = ANY(ARRAY(SELECT shard FROM mine))
        RETURNING seq, publisher_id, event_id, type, subject, aggregate_version, datasubject, time, payload
    ), logged AS (
        INSERT INTO event_log
            (publisher_id, event_id, type, subject, aggregate_version, datasubject, time, payload)
        SELECT publisher_id, event_id, type, subject, aggregate_version, datasubject, time,
            CASE WHEN EXISTS (
                SELECT 1 FROM erased_subject
                WHERE erased_subject.publisher_id = gone.publisher_id AND erased_subject.subject = gone.datasubject
            ) THEN NULL ELSE payload END
        FROM gone ORDER BY seq
        RETURNING 1
    )
    SELECT count(*) FROM logged
    """
)
# The longer it lasts the rarer the tries, from 5 seconds to a minute: many such events must not crowd out the others.
_KEEP_UNROUTABLE = text(
    _MINE  # noqa: S608 (no value in it)
    + """
    UPDATE outbox SET unroutable_since = coalesce(unroutable_since, now()),
        retry_at = now() + greatest(interval '5 seconds',
            least(interval '1 minute', (now() - coalesce(unroutable_since, now())) / 4))
    WHERE seq = ANY(:seqs) AND shard = ANY(ARRAY(SELECT shard FROM mine))
    """
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in the outbox, as far as sending it goes."""

    seq: int
    shard: int
    event_id: str
    type: str
    publisher_id: str
    subject: str
    payload: str


def read_waiting(session: Session, leases: Leases, limit: int) -> list[Waiting]:
    """The next events of these shards in order, without those of aggregates that wait for a queue."""
    return [Waiting(*row) for row in session.execute(_READ, {"shards": leases.shards, "limit": limit})]


def read_due(session: Session, leases: Leases, limit: int) -> list[Waiting]:
    """Unroutable events whose next try is due; of an aggregate only its first can be among them."""
    return [Waiting(*row) for row in session.execute(_READ_DUE, {"shards": leases.shards, "limit": limit})]


def settle(session: Session, worker: str, leases: Leases, events: Sequence[Waiting]) -> int:
    """Move these events to the event log, as far as their shards' leases are still ours; how many were."""
    settled: int = session.execute(_SETTLE, _fenced(worker, leases, events)).scalar_one()
    return settled


def keep_unroutable(session: Session, worker: str, leases: Leases, events: Sequence[Waiting]) -> None:
    """Note that no queue takes these, and when to try next, as far as their shards' leases are still ours."""
    session.execute(_KEEP_UNROUTABLE, _fenced(worker, leases, events))


def _fenced(worker: str, leases: Leases, events: Sequence[Waiting]) -> dict[str, object]:
    """Only the events' own shards: a relay that stands still in here must not keep the others from being claimed."""
    shards = sorted({event.shard for event in events} & leases.fences.keys())
    return {
        "worker": worker,
        "shards": shards,
        "fences": [leases.fences[shard] for shard in shards],
        "seqs": [event.seq for event in events],
    }
