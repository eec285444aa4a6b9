"""Keys are read rarely, an unknown one at a limited rate, and the old ones outlive identity's absence."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import OKPKey

from servicekit.auth.jwks import JwksClient
from servicekit.errors import Unavailable


class Identity:
    """A JWKS address that counts how often it is read, and can be down."""

    def __init__(self) -> None:
        self.keys: dict[str, OKPKey] = {}
        self.reads = 0
        self.down = False

    def add(self, kid: str) -> None:
        self.keys[kid] = OKPKey.generate_key("Ed25519", parameters={"kid": kid})

    def __call__(self) -> dict[str, Any]:
        self.reads += 1
        if self.down:
            raise ConnectionError
        return {"keys": [key.as_dict(private=False) for key in self.keys.values()]}


class Time:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def identity() -> Identity:
    identity = Identity()
    identity.add("first")
    return identity


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(identity: Identity, time: Time) -> JwksClient:
    return JwksClient(identity, refresh_seconds=120, retry_seconds=5, clock=time)


def test_a_known_key_is_read_once(client: JwksClient, identity: Identity) -> None:
    for _ in range(50):
        assert client.key("first") is not None
    assert identity.reads == 1


def test_keys_are_read_again_after_a_while(client: JwksClient, identity: Identity, time: Time) -> None:
    client.key("first")
    del identity.keys["first"]
    identity.add("second")
    time.now += 119
    assert client.key("first") is not None
    time.now += 1
    assert client.key("second") is not None
    assert client.key("first") is None


def test_unknown_kids_are_fetched_at_a_limited_rate(client: JwksClient, identity: Identity, time: Time) -> None:
    client.key("first")
    for step in range(100):
        assert client.key(f"made-up-{step}") is None
        time.now += 0.2
    assert identity.reads <= 1 + 20 / 5
    identity.add("new")
    time.now += 5
    assert client.key("new") is not None


def test_old_keys_serve_on_while_identity_is_down(client: JwksClient, identity: Identity, time: Time) -> None:
    client.key("first")
    identity.down = True
    for _ in range(100):
        time.now += 60
        assert client.key("first") is not None
    with pytest.raises(Unavailable):
        client.key("unknown")
    identity.down = False
    time.now += 5
    assert client.key("unknown") is None


def test_not_ready_before_the_first_keys(client: JwksClient, identity: Identity, time: Time) -> None:
    identity.down = True
    assert not client.ready()
    with pytest.raises(Unavailable):
        client.key("first")
    identity.down = False
    time.now += 5
    assert client.ready()


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"keys": []},
        {"keys": [{"kty": "RSA", "kid": "first", "n": "AQAB", "e": "AQAB"}]},
        {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "first", "x": "short"}]},
        {"keys": [{"kty": "OKP", "crv": "X25519", "kid": "first", "x": "A" * 43}]},
    ],
)
def test_a_document_without_a_usable_key_replaces_nothing(document: dict[str, Any], time: Time) -> None:
    good = Identity()
    good.add("first")
    answers: list[Any] = [good(), document]
    client = JwksClient(lambda: answers.pop(0), clock=time)
    assert client.key("first") is not None
    time.now += 120
    assert client.key("first") is not None
    assert answers == []
