"""What only the dispatcher does, and the cache under it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from servicekit.errors import Unauthorized
from services.gateway import exchange_cache
from services.gateway.dispatcher import create_dispatcher
from services.gateway.exchange_cache import ExchangeCache
from services.gateway.tests.conftest import echo

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEY = "ak_live_" + "a" * 43
SESSION = "ses_" + "s" * 43
BEARER = {"Authorization": f"Bearer {KEY}"}


class Clock:
    """Seconds, moved by the test."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def apps(names: Iterable[str]) -> Mapping[str, WSGIApplication]:
    return {name: echo(name) for name in names}


def test_a_service_that_is_not_there_is_not_found() -> None:
    client = Client(create_dispatcher(apps(["customers"]), lambda _: "token"))
    assert client.get("/v1/customers", headers=BEARER).status_code == 200
    assert client.get("/v1/search", headers=BEARER).status_code == 404


def test_an_exchange_that_breaks_lets_nobody_in() -> None:
    def broken(_credential: str) -> str:
        raise ZeroDivisionError

    answer = Client(create_dispatcher(apps(["customers"]), broken)).get("/v1/customers", headers=BEARER)
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("length", ["-1", "1e9", "twelve", "1_0", "²"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    client = Client(create_dispatcher(apps(["customers"]), lambda _: "token"))
    answer = client.post("/v1/customers", headers=BEARER, environ_overrides={"CONTENT_LENGTH": length})
    assert answer.status_code == 400


def test_the_cache_asks_again_when_its_time_is_over() -> None:
    clock, asked = Clock(), list[str]()

    def exchange(credential: str) -> str:
        asked.append(credential)
        return f"token-{len(asked)}"

    cache = ExchangeCache(exchange, seconds=20, clock=clock)
    assert cache.token(KEY) == "token-1"
    clock.now = 19.9
    assert cache.token(KEY) == "token-1"
    assert cache.token("another") == "token-2"
    clock.now = 20
    assert cache.token(KEY) == "token-3"


class Sessions:
    """Stands in for identity: one session and one key, which end when told so, if the answer says 204."""

    def __init__(self, status: str = "204 No Content") -> None:
        self.valid = {KEY, SESSION}
        self.status = status

    def exchange(self, credential: str) -> str:
        if credential not in self.valid:
            raise Unauthorized("unknown")
        return "token"

    def app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "DELETE" and self.status.startswith("2"):
            self.valid -= {SESSION} if environ["PATH_INFO"] == "/v1/identity/token" else {KEY}
        start_response(self.status if environ["REQUEST_METHOD"] == "DELETE" else "200 OK", [])
        return []


@pytest.mark.parametrize(("path", "ended"), [("/v1/identity/token", SESSION), ("/v1/identity/api_keys/key_1", KEY)])
def test_what_is_signed_out_or_revoked_here_stops_here_at_once(path: str, ended: str) -> None:
    sessions = Sessions()
    client = Client(create_dispatcher({"identity": sessions.app}, sessions.exchange))
    both = [{"Authorization": f"Bearer {credential}"} for credential in (KEY, SESSION)]
    assert [client.get("/v1/identity/me", headers=headers).status_code for headers in both] == [200, 200]

    assert client.delete(path, headers={"Authorization": f"Bearer {SESSION}"}).status_code == 204

    for headers in both:
        expected = 401 if headers["Authorization"].endswith(ended) else 200
        assert client.get("/v1/identity/me", headers=headers).status_code == expected


@pytest.mark.parametrize(
    ("method", "path", "forgotten"),
    [
        ("POST", "/v1/identity/me/password", [SESSION]),
        ("PATCH", "/v1/identity/staff/stf_1", [KEY, SESSION]),
        ("POST", "/v1/identity/staff/stf_1/reset_password", [KEY, SESSION]),
        ("POST", "/v1/identity/publisher/transfer_ownership", [KEY, SESSION]),
        ("DELETE", "/v1/identity/me/sessions", [KEY, SESSION]),
        ("DELETE", "/v1/identity/me/sessions/ssn_1", [KEY, SESSION]),
        ("GET", "/v1/identity/staff/stf_1", []),
        ("PATCH", "/v1/customers/cus_1", []),
    ],
)
def test_what_changes_rights_here_counts_here_at_once(method: str, path: str, forgotten: list[str]) -> None:
    asked: list[str] = []

    def exchange(credential: str) -> str:
        asked.append(credential)
        return "token"

    client = Client(create_dispatcher(apps(["identity", "customers"]), exchange))
    for credential in (KEY, SESSION):
        client.get("/v1/identity/me", headers={"Authorization": f"Bearer {credential}"})
    client.open(path, method=method, headers={"Authorization": f"Bearer {SESSION}"})
    asked.clear()
    for credential in (KEY, SESSION):
        client.get("/v1/identity/me", headers={"Authorization": f"Bearer {credential}"})
    assert asked == forgotten


def test_a_refused_revocation_leaves_the_cache_alone() -> None:
    sessions = Sessions("404 Not Found")
    client = Client(create_dispatcher({"identity": sessions.app}, sessions.exchange))
    assert client.get("/v1/identity/me", headers=BEARER).status_code == 200
    assert client.delete("/v1/identity/api_keys/key_1", headers=BEARER).status_code == 404
    sessions.valid.clear()
    assert client.get("/v1/identity/me", headers=BEARER).status_code == 200


@pytest.mark.parametrize("forget", [lambda cache: cache.forget(KEY), lambda cache: cache.forget_all()])
def test_an_exchange_under_way_while_something_is_forgotten_is_not_kept(
    forget: Callable[[ExchangeCache], None],
) -> None:
    asked = []

    def exchange(credential: str) -> str:
        asked.append(credential)
        if len(asked) == 1:
            forget(cache)  # identity had looked, then the key was revoked, and only now the answer arrives
        return f"token-{len(asked)}"

    cache = ExchangeCache(exchange, seconds=20)
    assert [cache.token(KEY) for _ in range(3)] == ["token-1", "token-2", "token-2"]


def test_the_cache_keeps_no_refusals_and_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_cache, "_MOST", 3)
    known = {f"key-{number}" for number in range(10)}

    def exchange(credential: str) -> str:
        if credential not in known:
            raise Unauthorized("unknown")
        return "token"

    cache = ExchangeCache(exchange, seconds=20)
    with pytest.raises(Unauthorized):
        cache.token("later")
    known.add("later")
    assert cache.token("later") == "token"
    for credential in known:
        cache.token(credential)
    assert len(cache._tokens) == 3
    assert not set(cache._tokens) & {credential.encode() for credential in known}
