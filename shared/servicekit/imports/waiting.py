"""Waiting for what a file's rows are about and is still on its way here from its owner, as events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from servicekit.clock import rfc3339
from servicekit.ids import moment_of
from servicekit.imports.kinds import NotYet
from servicekit.imports.tables import ImportJob

PATIENCE = timedelta(minutes=30)
"""After a file has come, what isn't known is waited for no longer than this, whatever happens."""

_QUIET = timedelta(seconds=10)
_QUIET_IF_CURRENT = timedelta(seconds=2)
_LOOK_AGAIN_SECONDS = 0.5


def wait_for(session: Session, job: ImportJob, what: str, *, newest: str | None, now: datetime) -> None:
    """Raises NotYet while things may still come that were made before the file was sent.

    ``what`` they are, as people are told, and the ``newest`` that is known, by its ID. They come in the order in which
    they were made. So they have all come when one is known that was made after the file was received, and probably
    when nothing new has come for a while. Once it was waited in vain, only something new is reason to wait again.
    """
    mark, known = newest or "", job.awaits or {}
    current = newest is not None and moment_of(newest) > job.received_at
    if "in_vain" in known and (current or known["in_vain"] == mark):
        return
    goes_on = "since" in known and (current or known.get("mark") == mark)
    since = datetime.fromisoformat(known["since"]) if goes_on else now
    patience = _QUIET_IF_CURRENT if current else _QUIET
    if now - since >= patience or now - job.received_at >= PATIENCE:
        job.awaits = {"in_vain": mark}
        session.flush()
        return
    awaits = {"what": what, "since": rfc3339(since.astimezone(UTC)), "mark": mark}
    raise NotYet(seconds=_LOOK_AGAIN_SECONDS, awaits=awaits)
