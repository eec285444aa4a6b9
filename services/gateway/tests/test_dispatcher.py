"""What only the dispatcher does, and the cache under it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from servicekit.errors import Unauthorized
from services.gateway import exchange_cache
from services.gateway.dispatcher import create_dispatcher
from services.gateway.exchange_cache import ExchangeCache
from services.gateway.tests.conftest import echo

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

KEY = "ak_live_" + "a" * 43
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
