"""A service's token is renewed before it expires, and outlives a short absence of identity."""

from __future__ import annotations

import httpx2
import pytest

from servicekit.auth.service_token import IssuedToken, ServiceAuth, ServiceTokens
from servicekit.errors import Unavailable


class Identity:
    """Issues numbered tokens of 300 seconds."""

    def __init__(self) -> None:
        self.issued = 0
        self.down = False

    def __call__(self) -> IssuedToken:
        if self.down:
            raise httpx2.ConnectError("down")
        self.issued += 1
        return IssuedToken(f"token-{self.issued}", 300)


class Clock:
    """Seconds, moved by the test."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_kept_until_shortly_before_it_expires() -> None:
    identity, clock = Identity(), Clock()
    tokens = ServiceTokens(identity, clock=clock)
    assert tokens.token() == "token-1"
    clock.now = 269
    assert tokens.token() == "token-1"
    clock.now = 270
    assert tokens.token() == "token-2"


def test_the_old_one_serves_while_identity_is_down() -> None:
    identity, clock = Identity(), Clock()
    tokens = ServiceTokens(identity, clock=clock)
    tokens.token()
    identity.down = True
    clock.now = 299
    assert tokens.token() == "token-1"
    clock.now = 300
    with pytest.raises(Unavailable):
        tokens.token()


def test_a_refused_token_is_renewed_once() -> None:
    seen = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["Authorization"])
        return httpx2.Response(401 if request.headers["Authorization"] == "Bearer token-1" else 200)

    with httpx2.Client(transport=httpx2.MockTransport(answer), auth=ServiceAuth(ServiceTokens(Identity()))) as client:
        assert client.get("http://customers/internal/feed").status_code == 200
        assert client.get("http://customers/internal/feed").status_code == 200
    assert seen == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]


def test_a_service_that_refuses_always_is_asked_twice_only() -> None:
    asked = []

    def refuse(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(401)

    with httpx2.Client(transport=httpx2.MockTransport(refuse), auth=ServiceAuth(ServiceTokens(Identity()))) as client:
        assert client.get("http://customers/").status_code == 401
    assert len(asked) == 2
