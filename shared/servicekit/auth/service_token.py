"""The tokens by which our services call each other: client credentials, in the manner of RFC 6749, section 4.4."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

import httpx2

from servicekit.errors import Unavailable

_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and its lifetime in seconds."""

    token: str
    expires_in: float


Issue = Callable[[], IssuedToken]


def from_identity(identity_url: str, *, client_id: str, client_secret: str, audience: str) -> Issue:
    """Ask identity at ``identity_url`` for this client's tokens to call the service ``audience``."""
    address = f"{identity_url.rstrip('/')}/internal/service_token"
    body = {"client_id": client_id, "client_secret": client_secret, "audience": audience}

    def issue() -> IssuedToken:
        response = httpx2.post(address, json=body, timeout=_TIMEOUT_SECONDS)
        response.raise_for_status()
        answer = response.json()
        return IssuedToken(answer["access_token"], float(answer["expires_in"]))

    return issue


class ServiceTokens:
    """A token for calls to one other service, renewed shortly before it expires. Safe for threads."""

    def __init__(
        self, issue: Issue, *, margin_seconds: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issue = issue
        self._margin = margin_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._expires_at = float("-inf")

    def token(self) -> str:
        """A token that is still valid. Raises Unavailable if there is none and identity gives none."""
        with self._lock:
            now = self._clock()
            if now < self._expires_at - self._margin:
                return self._token
            try:
                issued = self._issue()
            except (httpx2.HTTPError, ValueError, KeyError):
                if now < self._expires_at:
                    return self._token
                raise Unavailable("Identity gives this service no token right now. Try again shortly.") from None
            self._token, self._expires_at = issued.token, now + issued.expires_in
            return self._token

    def forget(self, token: str) -> None:
        """Don't use ``token`` again: the other service refused it."""
        with self._lock:
            if self._token == token:
                self._expires_at = float("-inf")


class ServiceAuth(httpx2.Auth):
    """Presents a service's token with each request of an httpx2 client; a refused one is renewed once."""

    def __init__(self, tokens: ServiceTokens) -> None:
        self._tokens = tokens

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the token, and once more with a new one after a 401."""
        token = self._tokens.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            self._tokens.forget(token)
            request.headers["Authorization"] = f"Bearer {self._tokens.token()}"
            yield request
