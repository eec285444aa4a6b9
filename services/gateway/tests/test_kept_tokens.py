"""How long a token is given out again, the same from the dispatcher and from a real nginx."""

from __future__ import annotations

import time

import httpx2

from services.gateway.tests.conftest import CACHE_SECONDS, Gateway
from services.gateway.tests.test_conformance import BEARER, KEY, get, problem


def test_tokens_are_given_out_again_for_a_short_while(gateway: Gateway) -> None:
    for _ in range(5):
        assert get(gateway, "/v1/customers", **BEARER).status_code == 200
    assert len(gateway.identity.asked) <= 2  # one, unless the second turned meanwhile


def test_after_a_temporary_password_was_changed_the_session_has_its_rights_at_once(gateway: Gateway) -> None:
    """Before, identity says of the token (to nginx, in a header) that it isn't worth keeping."""
    before = gateway.identity.tokens[KEY]
    gateway.identity.not_kept.add(before)
    assert get(gateway, "/v1/identity/me", **BEARER).json()["headers"]["authorization"] == f"Bearer {before}"
    changed = httpx2.post(f"{gateway.url}/v1/identity/me/password", json={}, headers=BEARER, timeout=10)
    assert changed.status_code == 200
    gateway.identity.tokens[KEY] = "header.with-rights.signature"
    after = get(gateway, "/v1/identity/me", **BEARER).json()["headers"]["authorization"]
    assert after == "Bearer header.with-rights.signature"


def test_a_revoked_key_stops_when_the_cache_has_run_out(gateway: Gateway) -> None:
    assert get(gateway, "/v1/customers", **BEARER).status_code == 200
    gateway.identity.tokens.clear()
    deadline = time.monotonic() + CACHE_SECONDS + 2  # nginx counts whole seconds
    while get(gateway, "/v1/customers", **BEARER).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    problem(get(gateway, "/v1/customers", **BEARER), 401)
