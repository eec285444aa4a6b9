"""The public keys that tokens are checked with (JWK Set, RFC 7517), read from identity and kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from servicekit.errors import Unavailable

_TIMEOUT_SECONDS = 2.0
_log = structlog.get_logger("jwks")


class KeySource(Protocol):
    """Public keys by their ID."""

    def key(self, kid: str) -> OKPKey | None:
        """The key named ``kid``; None if there is none. Raises Unavailable if that can't be told right now."""

    def ready(self) -> bool:
        """Whether keys are at hand."""


class JwksClient:
    """Keys of a JWKS address, or of a function that answers the same document.

    They are read again every ``refresh_seconds``. An unknown ``kid`` has them read at once, but no more often than
    every ``retry_seconds``, so that made-up ones can't flood identity. While identity is down the old keys go on
    working. Safe for threads; only the thread that reads waits, and those that need a key nobody has yet.
    """

    def __init__(
        self,
        source: str | Callable[[], Mapping[str, Any]],
        *,
        refresh_seconds: float = 120.0,
        retry_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = _fetcher(source) if isinstance(source, str) else source
        self._refresh_seconds = refresh_seconds
        self._retry_seconds = retry_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, OKPKey] = {}
        self._fetched_at = self._attempted_at = float("-inf")
        self._failing = False

    def key(self, kid: str) -> OKPKey | None:
        """The key named ``kid``; None if there is none. Raises Unavailable if identity can't be asked right now."""
        if self._clock() - self._fetched_at >= self._refresh_seconds:
            self._refresh(wait=not self._keys)
        found = self._keys.get(kid)
        if found is None:
            self._refresh(wait=True)
            found = self._keys.get(kid)
        if found is None and self._failing:
            raise Unavailable("Credentials can't be checked right now. Try again shortly.")
        return found

    def ready(self) -> bool:
        """Whether keys are at hand; tries to read them if not."""
        if not self._keys:
            self._refresh(wait=True)
        return bool(self._keys)

    def _refresh(self, *, wait: bool) -> None:
        if not self._lock.acquire(blocking=wait):
            return
        try:
            if self._clock() - self._attempted_at < self._retry_seconds:
                return
            self._attempted_at = self._clock()
            try:
                keys = _parse(self._fetch())
            except Exception as error:  # whatever went wrong, the old keys serve on
                self._failing = True
                _log.warning("jwks_unavailable", error=type(error).__name__)
                return
            self._keys, self._fetched_at, self._failing = keys, self._clock(), False
        finally:
            self._lock.release()


def _fetcher(url: str) -> Callable[[], Mapping[str, Any]]:
    def fetch() -> Mapping[str, Any]:
        response = httpx2.get(url, timeout=_TIMEOUT_SECONDS)
        response.raise_for_status()
        document: Mapping[str, Any] = response.json()
        return document

    return fetch


def _parse(document: Mapping[str, Any]) -> dict[str, OKPKey]:
    """The Ed25519 keys of a JWK Set; other kinds are passed over (RFC 7517, section 5). ValueError without any."""
    keys = {}
    for entry in document["keys"]:
        if entry.get("kty") != "OKP" or entry.get("crv") != "Ed25519" or not isinstance(entry.get("kid"), str):
            continue
        try:
            keys[entry["kid"]] = OKPKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "kid")})
        except (JoseError, ValueError, KeyError):
            _log.warning("jwk_unreadable", kid=entry["kid"])
    if not keys:
        raise ValueError("a JWK Set without a usable key")
    return keys
