"""The relay's statements on events that are held: no queue takes them, or one before them of the same aggregate.

All held events of an aggregate say in ``waits_for`` the type that the first of them waits for, and as long as there is
one its later events are held too. So by type it is known what may leave once a queue takes that type again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.relay.leases import Leases
from servicekit.relay.outbox_rows import MINE, Waiting, fenced

_SPREAD = 4
# The index is asked for one type after the other, however many rows each has.
_TYPES = text(
    """
    WITH RECURSIVE known AS (
        SELECT min(coalesce(waits_for, type)) AS type FROM outbox WHERE held
        UNION ALL
        SELECT (
            SELECT min(coalesce(waits_for, type)) FROM outbox
            WHERE outbox.held AND coalesce(waits_for, type) > known.type
        ) FROM known WHERE known.type IS NOT NULL
    )
    SELECT type FROM known WHERE type IS NOT NULL
    """
)
# Of each shard the first few, whatever the others hold: an aggregate is in one shard, so its order is kept.
_READ = text(
    """
    SELECT held.* FROM unnest(CAST(:shards AS smallint[])) AS mine (number) CROSS JOIN LATERAL (
        SELECT seq, shard, event_id, type, publisher_id, subject, payload, coalesce(waits_for, type) FROM outbox
        WHERE outbox.held AND coalesce(waits_for, type) = :type AND shard = mine.number
        ORDER BY coalesce(waits_for, type), shard, seq LIMIT :each
    ) AS held
    LIMIT :limit
    """
)
_HOLD = text(
    MINE  # noqa: S608 (no value in it)
    + """
    UPDATE outbox SET unroutable_since = coalesce(unroutable_since, now()), waits_for = held.type
    FROM unnest(CAST(:seqs AS bigint[]), CAST(:types AS text[])) AS held (seq, type)
    WHERE outbox.seq = held.seq AND shard = ANY(ARRAY(SELECT shard FROM mine))
    """
)
_MOVE = text(
    MINE  # noqa: S608 (no value in it)
    + """
    UPDATE outbox SET waits_for = :type
    WHERE held AND publisher_id = :publisher_id AND subject = :subject
        AND shard = ANY(ARRAY(SELECT shard FROM mine))
    """
)


def held_types(session: Session) -> list[str]:
    """The types that held events wait for, of all shards."""
    return list(session.scalars(_TYPES))


def read_held(session: Session, leases: Leases, event_type: str, limit: int) -> list[Waiting]:
    """The first held events of these shards that wait for this type, in order for each aggregate."""
    each = -(-_SPREAD * limit // max(1, len(leases.shards)))
    parameters = {"shards": leases.shards, "type": event_type, "each": min(each, limit), "limit": limit}
    return [Waiting(*row) for row in session.execute(_READ, parameters)]


def hold_behind(session: Session, worker: str, leases: Leases, events: Sequence[Waiting]) -> None:
    """Hold these, because each one's aggregate has an event before it that is held."""
    _hold(session, worker, leases, events, [event.waits_for or event.type for event in events])


def hold_returned(session: Session, worker: str, leases: Leases, events: Sequence[Waiting]) -> None:
    """Note that no queue takes these, as far as their shards' leases are still ours.

    Each is the first of its aggregate that has not left. What was held before, for the same type, is unchanged.
    """
    first = [event for event in events if event.waits_for is None]
    if first:
        _hold(session, worker, leases, first, [event.type for event in first])
    for event in events:
        if event.waits_for not in (None, event.type):
            aggregate = {"publisher_id": event.publisher_id, "subject": event.subject, "type": event.type}
            session.execute(_MOVE, {**fenced(worker, leases, [event]), **aggregate})


def _hold(session: Session, worker: str, leases: Leases, events: Sequence[Waiting], types: Sequence[str]) -> None:
    session.execute(_HOLD, {**fenced(worker, leases, events), "types": list(types)})
