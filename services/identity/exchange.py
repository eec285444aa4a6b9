"""The gateway's exchange: an API key or session in, a short-lived signed token out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from servicekit import clock
from servicekit.db.database import Database, is_transient
from servicekit.errors import Unavailable
from services.identity.actions import record_use
from services.identity.queries.callers import caller_of
from services.identity.settings import SESSION_IDLE
from services.identity.signer import Signer


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A token, and whether it may be given out again for a while (20 seconds at the most)."""

    token: str
    kept: bool


class Exchanger:
    """Exchanges credentials for tokens."""

    def __init__(
        self,
        system_database: Database,
        signer: Signer,
        *,
        idle: timedelta = SESSION_IDLE,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database = system_database
        self._signer = signer
        self._idle = idle
        self._now = now

    def __call__(self, credential: str) -> str:
        """The token alone, for whoever finds out by themselves when it is worth something else."""
        return self.exchange(credential).token

    def exchange(self, credential: str) -> Exchanged:
        """A token for whoever holds ``credential``. Raises Unauthorized, and Unavailable if that can't be told now."""
        try:
            with self._database.transaction() as session:
                now = self._now()
                found = caller_of(session, credential=credential, now=now, idle=self._idle)
                caller = found.caller
                if caller.session_id is not None and found.last_used_at is not None:
                    record_use(session, session_id=caller.session_id, last_used_at=found.last_used_at, now=now)
            # Of one without any rights: it has a temporary password, and is about to change it.
            return Exchanged(self._signer.gateway_token(caller), kept=bool(caller.scopes))
        except SQLAlchemyError as error:
            if is_transient(error):
                raise Unavailable("Credentials can't be checked right now. Try again shortly.") from error
            raise
