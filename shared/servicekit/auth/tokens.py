"""Checking the signed tokens (JWT, RFC 7519 and 9068) that the gateway and our own services present."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OKPKey

from servicekit.auth.caller import Caller, Kind
from servicekit.auth.jwks import KeySource
from servicekit.errors import Unauthorized

ALGORITHM = "Ed25519"  # RFC 9864; the only one: neither "none" nor an HMAC with a public key gets anywhere
TOKEN_TYPE = "at+jwt"  # noqa: S105 (RFC 9068's media type)
_KINDS = ("staff", "api_key", "service")
_LONGEST = 4096


class InvalidToken(Unauthorized):
    """A token that is none of ours, is for somebody else, or is no longer valid."""

    code = "invalid_token"

    def __init__(self) -> None:
        super().__init__(
            "The token is not valid (any more). Get a new one.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )


class JwtVerifier:
    """Checks tokens that ``issuer`` made for ``audience``.

    A token that passed is remembered until it expires, so that a busy caller costs one signature check in its
    lifetime. ``leeway_seconds`` allows for clocks that differ.
    """

    def __init__(
        self,
        audience: str,
        issuer: str,
        keys: KeySource,
        *,
        leeway_seconds: int = 5,
        remembered: int = 4096,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._audience = audience
        self._issuer = issuer
        self._keys = keys
        self._leeway = leeway_seconds
        self._clock = clock
        self._checked = lru_cache(remembered)(self._check)  # what raises is not remembered

    def verify(self, token: str) -> Caller:
        """The caller that a valid token names. Raises Unauthorized for any other, Unavailable if no key can be had."""
        caller, expires_at = self._checked(token)
        if self._clock() >= expires_at + self._leeway:
            raise InvalidToken
        return caller

    def ready(self) -> bool:
        """Whether the keys to check tokens with are at hand."""
        return self._keys.ready()

    def _check(self, token: str) -> tuple[Caller, int]:
        if len(token) > _LONGEST:
            raise InvalidToken
        try:
            decoded = jwt.decode(token, self._key_of, algorithms=[ALGORITHM])
        except (JoseError, ValueError, RecursionError):
            raise InvalidToken from None
        claims = decoded.claims
        self._check_claims(claims)
        return _caller(claims), claims["exp"]

    def _key_of(self, token: GuestProtocol) -> OKPKey:
        headers = token.headers()
        kid = headers.get("kid")
        # Before the key is looked up: a forgery shouldn't make us ask identity for one.
        if headers.get("alg") != ALGORITHM or headers.get("typ") != TOKEN_TYPE or "crit" in headers:
            raise InvalidToken
        if not isinstance(kid, str):
            raise InvalidToken
        key = self._keys.key(kid)
        if key is None:
            raise InvalidToken
        return key

    def _check_claims(self, claims: Mapping[str, Any]) -> None:
        now, audience = self._clock(), claims.get("aud")
        times = [claims.get("exp"), claims.get("nbf", 0)]
        # Whole numbers only: a NaN would compare as never expired.
        if claims.get("iss") != self._issuer or any(type(moment) is not int for moment in times):
            raise InvalidToken
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise InvalidToken
        if now >= claims["exp"] + self._leeway or now < claims.get("nbf", 0) - self._leeway:
            raise InvalidToken


def _caller(claims: Mapping[str, Any]) -> Caller:
    texts = [claims.get("sub"), claims.get("name"), claims.get("scope")]
    publisher_id, role, kind = claims.get("pub"), claims.get("role"), claims.get("kind")
    session_id = claims.get("sid")
    if not all(isinstance(text, str) for text in texts) or kind not in _KINDS or not claims["sub"]:
        raise InvalidToken
    # Exactly our own services have no publisher; a token that mixes this up would see too much.
    if (kind == "service") != (publisher_id is None) or not isinstance(publisher_id or "", str) or publisher_id == "":
        raise InvalidToken
    return Caller(
        kind=cast("Kind", kind),
        actor_id=claims["sub"],
        name=claims["name"],
        publisher_id=publisher_id,
        role=role if isinstance(role, str) else None,
        scopes=frozenset(claims["scope"].split()),
        session_id=session_id if isinstance(session_id, str) else None,
    )
