"""Signing tokens, and publishing the keys to check them with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from joserfc import jwt
from joserfc.jwk import OKPKey
from sqlalchemy import select

from servicekit import clock
from servicekit.auth.caller import Caller
from servicekit.auth.tokens import ALGORITHM, TOKEN_TYPE
from servicekit.db.database import Database
from services.identity.models import SigningKey
from services.identity.settings import Settings
from services.identity.signing_keys import rotate_keys, unseal

_REREAD_SECONDS = 30.0
_log = structlog.get_logger("identity")


@dataclass(frozen=True, slots=True)
class TimedKey:
    """A signing key and when it begins to sign."""

    key: OKPKey
    active_from: datetime


def key_at(keys: Sequence[TimedKey], now: datetime) -> OKPKey:
    """The key that signs at ``now``: of those that have begun the last. ``keys`` are ordered by when they begin.

    The very first one also signs a moment early, for a process whose clock is behind its maker's.
    """
    begun = [timed.key for timed in keys if timed.active_from <= now]
    return begun[-1] if begun else keys[0].key


class Signer:
    """Signs tokens with the present key of the database.

    The keys are read again every half minute, and rotated on that occasion when it is time: no process needs to be
    told. While the database is down the keys at hand serve on.
    """

    def __init__(
        self,
        system_database: Database,
        *,
        secret: str,
        issuer: str,
        audiences: Sequence[str],
        token_seconds: int,
        key_rotation: timedelta,
        now: Callable[[], datetime] = clock.now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = system_database
        self._secret = secret
        self._issuer = issuer
        self._audiences = list(audiences)
        self._token_seconds = token_seconds
        self._period = key_rotation
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._keys: list[TimedKey] = []
        self._read_at = float("-inf")

    @classmethod
    def from_settings(cls, settings: Settings, system_database: Database) -> Signer:
        """A signer as the settings describe it."""
        return cls(
            system_database,
            secret=settings.secret,
            issuer=settings.issuer,
            audiences=settings.audiences,
            token_seconds=settings.token_seconds,
            key_rotation=settings.key_rotation,
        )

    def gateway_token(self, caller: Caller) -> str:
        """A short-lived token for this staff member or API key, for all services."""
        return self._sign(caller, audience=self._audiences, seconds=self._token_seconds)

    def service_token(self, client_id: str, *, audience: str, scopes: frozenset[str], seconds: int) -> str:
        """A token by which our service ``client_id`` calls the service ``audience``."""
        caller = Caller(
            kind="service", actor_id=f"svc_{client_id}", name=client_id, publisher_id=None, role=None, scopes=scopes
        )
        return self._sign(caller, audience=[audience], seconds=seconds)

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK Set (RFC 7517): the former, the present and the next."""
        return {"keys": [timed.key.as_dict(private=False) for timed in self._present_keys()]}

    def _sign(self, caller: Caller, *, audience: list[str], seconds: int) -> str:
        now = self._now()
        key = key_at(self._present_keys(), now)
        issued_at = int(now.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": audience,
            "sub": caller.actor_id,
            "kind": caller.kind,
            "name": caller.name,
            "scope": " ".join(sorted(caller.scopes)),
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at + seconds,
        }
        if caller.publisher_id is not None:
            claims["pub"] = caller.publisher_id
        if caller.role is not None:
            claims["role"] = caller.role
        if caller.session_id is not None:
            claims["sid"] = caller.session_id
        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": str(key.kid)}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    def _present_keys(self) -> list[TimedKey]:
        if self._monotonic() - self._read_at < _REREAD_SECONDS:
            return self._keys
        # One thread reads; the others go on with the keys at hand, if there are any.
        if self._lock.acquire(blocking=not self._keys):
            try:
                if self._monotonic() - self._read_at >= _REREAD_SECONDS:
                    self._reread()
            finally:
                self._lock.release()
        return self._keys

    def _reread(self) -> None:
        try:
            with self._database.transaction() as session:
                rotate_keys(session, secret=self._secret, now=self._now(), period=self._period)
                rows = session.scalars(select(SigningKey).order_by(SigningKey.active_from)).all()
        except Exception as error:
            if not self._keys:
                raise
            _log.warning("signing_keys_not_read", error=type(error).__name__)
        else:
            self._keys = [TimedKey(unseal(row.kid, row.private_sealed, self._secret), row.active_from) for row in rows]
        self._read_at = self._monotonic()
