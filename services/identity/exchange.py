"""The gateway's exchange: an API key or session in, a short-lived signed token out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from servicekit import clock
from servicekit.db.database import Database, is_transient
from servicekit.errors import Unavailable
from services.identity.queries import caller_of
from services.identity.signer import Signer


class Exchanger:
    """Exchanges credentials for tokens. The caller of this may keep a token for at most 20 seconds."""

    def __init__(self, system_database: Database, signer: Signer, *, now: Callable[[], datetime] = clock.now) -> None:
        self._database = system_database
        self._signer = signer
        self._now = now

    def __call__(self, credential: str) -> str:
        """A token for whoever holds ``credential``. Raises Unauthorized, and Unavailable if that can't be told now."""
        try:
            with self._database.transaction() as session:
                caller = caller_of(session, credential=credential, now=self._now())
            return self._signer.gateway_token(caller)
        except SQLAlchemyError as error:
            if is_transient(error):
                raise Unavailable("Credentials can't be checked right now. Try again shortly.") from error
            raise
