"""Positions in the event log, given after the commit by one sequencer at a time.

A reader that remembers the last position it saw and reads on from there misses nothing: positions become visible in
their own order, because the row that holds the last one is locked until they are committed.
"""

from __future__ import annotations

from sqlalchemy import text

from servicekit.db.database import Database
from servicekit.metrics import EVENTS_PLACED

_LOCK = text("SELECT last_position FROM event_log_sequencer WHERE id = 1 FOR UPDATE SKIP LOCKED")
# A statement of its own: its snapshot has to be newer than the lock.
_PLACE = text(
    """
    WITH unplaced AS (
        SELECT arrival, row_number() OVER (ORDER BY arrival) AS place
        FROM (SELECT arrival FROM event_log WHERE position IS NULL ORDER BY arrival LIMIT :limit) AS next
    ), placed AS (
        UPDATE event_log SET position = :last + unplaced.place FROM unplaced
        WHERE event_log.arrival = unplaced.arrival RETURNING 1
    )
    UPDATE event_log_sequencer SET last_position = :last + (SELECT count(*) FROM placed)
    WHERE id = 1 RETURNING last_position
    """
)


def give_positions(database: Database, *, batch: int = 5000) -> int:
    """Give every event in the log its position, in order of arrival; how many got one.

    None when another process is at it. For one aggregate positions follow its events' order.
    """
    total = 0
    while True:
        with database.transaction() as session:
            last = session.execute(_LOCK).scalar_one_or_none()
            if last is None:
                return total
            now_last = session.execute(_PLACE, {"last": last, "limit": batch}).scalar_one()
        placed = int(now_last - last)
        total += placed
        EVENTS_PLACED.inc(placed)
        if placed < batch:
            return total
