"""Only identity's own, present, signed tokens for this service are let in."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from servicekit.auth.caller import Caller
from servicekit.auth.jwks import JwksClient
from servicekit.auth.tokens import JwtVerifier
from servicekit.errors import Unauthorized, Unavailable

KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "k1"})
OTHER_KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "k1"})
NOW = 1_800_000_000


class Clock:
    """Seconds since the epoch, moved by the test."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


class Keys:
    """A key source that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def key(self, kid: str) -> OKPKey | None:
        self.asked += 1
        return KEY if kid == "k1" else None

    def ready(self) -> bool:
        return True


def claims(**changes: Any) -> dict[str, Any]:
    base = {
        "iss": "accounts",
        "aud": ["customers", "search"],
        "sub": "stf_1",
        "pub": "pub_1",
        "kind": "staff",
        "role": "owner",
        "name": "Ada",
        "scope": "customers:read customers:write",
        "nbf": NOW,
        "exp": NOW + 35,
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def signed(payload: dict[str, Any], *, key: Any = KEY, **header: Any) -> str:
    full = {"alg": "Ed25519", "typ": "at+jwt", "kid": "k1", **header}
    return jwt.encode({k: v for k, v in full.items() if v is not None}, payload, key, algorithms=[full["alg"]])


def handmade(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def hmac_signed(header: dict[str, Any], payload: dict[str, Any], secret: bytes) -> str:
    signing_input = handmade(header, payload).rpartition(".")[0]
    signature = hmac.digest(secret, signing_input.encode(), "sha256")
    return f"{signing_input}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def verifier(keys: Keys, clock: Clock) -> JwtVerifier:
    return JwtVerifier("customers", "accounts", keys, clock=clock)


def test_a_valid_token_names_its_caller(verifier: JwtVerifier) -> None:
    assert verifier.verify(signed(claims())) == Caller(
        kind="staff",
        actor_id="stf_1",
        name="Ada",
        publisher_id="pub_1",
        role="owner",
        scopes=frozenset({"customers:read", "customers:write"}),
    )


def test_a_service_has_no_publisher(verifier: JwtVerifier) -> None:
    token = signed(
        claims(kind="service", pub=None, role=None, aud="customers", sub="svc_search", scope="customers:feed")
    )
    assert verifier.verify(token).publisher_id is None


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "billing"},
        {"aud": ["billing", "search"]},
        {"aud": None},
        {"aud": {"customers": 1}},
        {"aud": "all customers"},
        {"iss": "somebody"},
        {"iss": None},
        {"exp": NOW - 5},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": True},
        {"nbf": NOW + 6},
        {"nbf": "never"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"scope": ["customers:read"]},
        {"name": None},
        {"kind": "root"},
        {"kind": ["staff"]},
        {"pub": None},
        {"pub": ""},
        {"pub": 7},
        {"kind": "service"},
    ],
    ids=str,
)
def test_wrong_claims_are_refused(verifier: JwtVerifier, changes: dict[str, Any]) -> None:
    payload = {name: value for name, value in {**claims(), **changes}.items() if value is not None}
    with pytest.raises(Unauthorized):
        verifier.verify(signed(payload))


def test_wrong_signatures_and_algorithms_are_refused(verifier: JwtVerifier, keys: Keys) -> None:
    public = base64.urlsafe_b64decode(str(KEY.as_dict(private=False)["x"]) + "=")
    good = signed(claims())
    head, body, _signature = good.split(".")
    header = {"typ": "at+jwt", "kid": "k1"}
    # The public key taken for an HMAC secret, in the forms an attacker has it in.
    secrets = [public, KEY.as_pem(private=False), KEY.as_der(private=False)]
    forged = [hmac_signed({**header, "alg": "HS256"}, claims(), secret) for secret in secrets]
    for token in [
        signed(claims(), key=OTHER_KEY),
        handmade({**header, "alg": "none"}, claims()),
        handmade({**header, "alg": "None"}, claims()),
        handmade({**header, "alg": ["Ed25519"]}, claims()),
        f"{head}.{body}.",
        f"{head}.{handmade({}, claims(scope='identity:manage')).split('.')[1]}.{_signature}",
        *forged,
    ]:
        with pytest.raises(Unauthorized):
            verifier.verify(token)
    assert keys.asked <= 3  # what isn't even of our form never looks for a key


@pytest.mark.parametrize(
    "header",
    [{"kid": "k2"}, {"kid": None}, {"kid": 1}, {"typ": "JWT"}, {"typ": None}, {"crit": ["exp"]}, {"crit": []}],
    ids=str,
)
def test_wrong_headers_are_refused(verifier: JwtVerifier, header: dict[str, Any]) -> None:
    full = {"alg": "Ed25519", "typ": "at+jwt", "kid": "k1", **header}
    unsigned = handmade({k: v for k, v in full.items() if v is not None}, claims())
    head, body, _ = unsigned.split(".")
    private = KEY.private_key
    assert isinstance(private, Ed25519PrivateKey)
    signature = base64.urlsafe_b64encode(private.sign(f"{head}.{body}".encode())).rstrip(b"=").decode()
    with pytest.raises(Unauthorized):
        verifier.verify(f"{head}.{body}.{signature}")


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "ä.ö.ü", "x" * 5000, "e30.e30.", "bnVsbA.bnVsbA.AAAA"])
def test_rubbish_is_refused(verifier: JwtVerifier, token: str) -> None:
    with pytest.raises(Unauthorized):
        verifier.verify(token)


def test_deep_nesting_is_refused(verifier: JwtVerifier) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 2900).rstrip(b"=").decode()
    with pytest.raises(Unauthorized):
        verifier.verify(f"{deep}.e30.AAAA")


def test_a_remembered_token_still_expires(verifier: JwtVerifier, clock: Clock, keys: Keys) -> None:
    token = signed(claims())
    for _ in range(100):
        verifier.verify(token)
    assert keys.asked == 1
    clock.now = NOW + 35 + 4.9
    verifier.verify(token)
    clock.now = NOW + 35 + 5
    with pytest.raises(Unauthorized):
        verifier.verify(token)


def test_a_token_of_the_near_future_works_when_its_time_comes(verifier: JwtVerifier, clock: Clock) -> None:
    token = signed(claims(nbf=NOW + 60, exp=NOW + 95))
    with pytest.raises(Unauthorized):
        verifier.verify(token)
    clock.now = NOW + 60
    verifier.verify(token)


def test_without_keys_the_answer_is_unavailable_not_unauthorized(clock: Clock) -> None:
    def down() -> dict[str, Any]:
        raise ConnectionError

    verifier = JwtVerifier("customers", "accounts", JwksClient(down), clock=clock)
    assert not verifier.ready()
    with pytest.raises(Unavailable):
        verifier.verify(signed(claims()))
