"""The relay's statements on the outbox: what to send next, and what is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.relay.leases import Leases

# Held rows are not even looked at: the index ``outbox_next`` lacks them. The condition on the shard is one that the
# planner thinks nothing of: before the first ANALYZE it would else expect few rows and sort the whole backlog each
# time, instead of taking the first ones by the key.
_READ = text(
    """
    SELECT seq, shard, event_id, type, publisher_id, subject, payload, (
        SELECT coalesce(held.waits_for, held.type) FROM outbox AS held
        WHERE held.held AND held.publisher_id = outbox.publisher_id AND held.subject = outbox.subject
        LIMIT 1
    ) AS waits_for
    FROM outbox
    WHERE NOT outbox.held AND array_position(CAST(:shards AS smallint[]), shard) IS NOT NULL
        AND seq NOT IN (SELECT unnest(CAST(:but AS bigint[])))
    ORDER BY seq LIMIT :limit
    """
)
# The lease rows stay locked until the commit, so that nobody claims the shards in between.
MINE = """
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
    MINE  # noqa: S608 (no value in it)
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


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in the outbox, as far as sending it goes.

    ``waits_for`` is the type of its aggregate's first held event, if there is one: that of the queue that is missing.
    """

    seq: int
    shard: int
    event_id: str
    type: str
    publisher_id: str
    subject: str
    payload: str
    waits_for: str | None = None


def read_waiting(session: Session, leases: Leases, limit: int, *, but: Sequence[Waiting] = ()) -> list[Waiting]:
    """The next events of these shards in order, without those that are held and without ``but``.

    One with ``waits_for`` is to be held too, or it would leave before what was written before it.
    """
    parameters = {"shards": leases.shards, "but": [event.seq for event in but], "limit": limit}
    return [Waiting(*row) for row in session.execute(_READ, parameters).all()]


def settle(session: Session, worker: str, leases: Leases, events: Sequence[Waiting]) -> int:
    """Move these events to the event log, as far as their shards' leases are still ours; how many were."""
    settled: int = session.execute(_SETTLE, fenced(worker, leases, events)).scalar_one()
    return settled


def fenced(worker: str, leases: Leases, events: Sequence[Waiting]) -> dict[str, object]:
    """The parameters of ``MINE``, and the events' ``seqs``.

    Only the events' own shards: a relay that stands still in here must not keep the others from being claimed.
    """
    shards = sorted({event.shard for event in events} & leases.fences.keys())
    return {
        "worker": worker,
        "shards": shards,
        "fences": [leases.fences[shard] for shard in shards],
        "seqs": [event.seq for event in events],
    }
