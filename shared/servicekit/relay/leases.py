"""Who relays which shards: lease rows with a fencing number, shared out fairly among the relays that are alive.

Only the database's clock counts, and only short transactions are used, so it works behind a pooler that gives each
transaction another session.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from servicekit.db.ddl import SHARDS

LEASE_SECONDS = 10
"""How long a lease holds without renewal: so long at most nobody relays the shards of a relay that was killed."""

_ALIVE = text(
    """
    INSERT INTO relay_worker (worker, expires_at) VALUES (:worker, now() + make_interval(secs => :seconds))
    ON CONFLICT (worker) DO UPDATE SET expires_at = excluded.expires_at
    """
)
_BURY = text("DELETE FROM relay_worker WHERE expires_at < now() - interval '1 minute'")
_COUNT = text("SELECT count(*) FROM relay_worker WHERE expires_at > now()")
_RENEW = text(
    """
    UPDATE relay_shard SET expires_at = now() + make_interval(secs => :seconds), fence = fence + :step
    WHERE owner = :worker RETURNING shard, fence
    """
)
_CLAIM = text(
    """
    UPDATE relay_shard SET owner = :worker, fence = fence + 1, expires_at = now() + make_interval(secs => :seconds)
    WHERE shard IN (
        SELECT shard FROM relay_shard WHERE expires_at <= now() ORDER BY shard LIMIT :wanted FOR UPDATE SKIP LOCKED
    )
    RETURNING shard, fence
    """
)
_RELEASE = text(
    """
    UPDATE relay_shard SET owner = NULL, expires_at = '-infinity'
    WHERE owner = :worker AND shard = ANY(:shards)
    """
)
_LEAVE = text("DELETE FROM relay_worker WHERE worker = :worker")


@dataclass(frozen=True, slots=True)
class Leases:
    """The shards a relay holds, each with the fencing number it was claimed under."""

    fences: dict[int, int]

    @property
    def shards(self) -> list[int]:
        """The shards' numbers."""
        return list(self.fences)


def keep_leases(session: Session, worker: str, *, fresh: bool = False, seconds: float = LEASE_SECONDS) -> Leases:
    """Renew what ``worker`` holds, give up what is over its fair share, claim what is free of it.

    A ``fresh`` worker is one that has just started: what its name still holds from an earlier life gets a new
    fencing number, so that nothing of that life can settle any more.
    """
    me = {"worker": worker, "seconds": seconds}
    session.execute(_ALIVE, me)
    session.execute(_BURY)
    relays = session.execute(_COUNT).scalar_one()
    # Still ours although it expired: nobody took it, so the fencing number needn't change.
    held: dict[int, int] = {row.shard: row.fence for row in session.execute(_RENEW, {**me, "step": int(fresh)})}
    share = -(-SHARDS // relays)
    surplus = sorted(held)[share:]
    if surplus:
        session.execute(_RELEASE, {"worker": worker, "shards": surplus})
        for shard in surplus:
            del held[shard]
    elif len(held) < share:
        claimed = session.execute(_CLAIM, {**me, "wanted": share - len(held)})
        held.update({row.shard: row.fence for row in claimed})
    return Leases(held)


def release_leases(session: Session, worker: str) -> None:
    """Let others have the shards at once."""
    session.execute(_RELEASE, {"worker": worker, "shards": list(range(SHARDS))})
    session.execute(_LEAVE, {"worker": worker})
