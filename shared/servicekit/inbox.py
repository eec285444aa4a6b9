"""Which events a consumer has handled: what makes an effect happen once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

# In one order everywhere: two workers with the same events then wait for each other instead of locking up.
_ADD = text(
    """
    INSERT INTO inbox (consumer, event_id, publisher_id, received_at)
    SELECT :consumer, event_id, :publisher_id, now() FROM unnest(CAST(:event_ids AS text[])) AS event_id ORDER BY 2
    ON CONFLICT DO NOTHING RETURNING event_id
    """
)


def take_in(session: Session, *, consumer: str, publisher_id: str, event_ids: Iterable[str]) -> set[str]:
    """Note these events as handled by ``consumer``; the ones that weren't before. Undone if the transaction fails.

    Waits for another worker that is just handling one of them.
    """
    wanted = sorted(set(event_ids))
    if not wanted:
        return set()
    found = session.scalars(_ADD, {"consumer": consumer, "publisher_id": publisher_id, "event_ids": wanted})
    return set(found)
