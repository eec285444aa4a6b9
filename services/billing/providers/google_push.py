"""Proof that a push comes from Google's Pub/Sub: an OpenID Connect token made for our address and its account."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, cast

import requests
from google.auth import jwt
from google.auth.exceptions import GoogleAuthError

from services.billing.providers.port import ProviderUnavailable, SignatureInvalid
from services.billing.providers.trouble import never_sent

CERTIFICATES = "https://www.googleapis.com/oauth2/v1/certs"
_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
_SKEW_SECONDS = 30
_KEPT_SECONDS = 3600
# A key that isn't known is looked for again, but whoever sends made-up ones doesn't make us ask Google each time.
_LEAST_SECONDS = 30


class PushTokens:
    """Checks the tokens of one push subscription: its ``audience``, and the ``email`` of its service account."""

    def __init__(self, *, audience: str, email: str, certificates: str = CERTIFICATES) -> None:
        self._audience = audience
        self._email = email
        self._address = certificates
        self._certificates: Mapping[str, str] = {}
        self._read_at = -float("inf")
        self._lock = threading.Lock()

    def verify(self, authorization: str) -> None:
        """Raises SignatureInvalid, or ProviderUnavailable where Google's keys can't be had."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise SignatureInvalid("The header Authorization has no Bearer token: turn on authentication of the push.")
        try:
            key = cast("Mapping[str, Any]", jwt.decode_header(token)).get("kid")  # type: ignore[no-untyped-call]
            claims = cast(
                "Mapping[str, Any]",
                jwt.decode(  # type: ignore[no-untyped-call]
                    token,
                    certs=self._known(key),
                    audience=self._audience,
                    clock_skew_in_seconds=_SKEW_SECONDS,
                ),
            )
        except (GoogleAuthError, ValueError, TypeError, AttributeError) as error:
            raise SignatureInvalid("The push's token is not Google's, not for this address, or expired.") from error
        if claims.get("iss") not in _ISSUERS:
            raise SignatureInvalid("The push's token has another issuer.")
        if claims.get("email") != self._email or claims.get("email_verified") is not True:
            raise SignatureInvalid("The push's token is another account's.")

    def _known(self, key: object) -> Mapping[str, str]:
        with self._lock:
            age = time.monotonic() - self._read_at
            if age > _KEPT_SECONDS or (key not in self._certificates and age > _LEAST_SECONDS):
                self._certificates = self._fetch()
                self._read_at = time.monotonic()
            return self._certificates

    def _fetch(self) -> Mapping[str, str]:
        try:
            answer = requests.get(self._address, timeout=(5, 10))
            answer.raise_for_status()
            found = answer.json()
        except (requests.RequestException, OSError) as error:
            in_doubt = not never_sent(error)
            raise ProviderUnavailable("Google's keys can't be read now.", in_doubt=in_doubt) from error
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise ProviderUnavailable("Google's keys can't be read now.", in_doubt=False)
        return found
