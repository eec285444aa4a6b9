"""The gateway's exchange, and the tokens it answers with."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from joserfc import jws

from servicekit.auth.jwks import JwksClient
from servicekit.auth.tokens import JwtVerifier
from servicekit.db.database import Database
from servicekit.errors import Unauthorized, Unavailable
from servicekit.settings import SettingsError
from services.identity.actions import create_api_key
from services.identity.exchange import Exchanger
from services.identity.models import Staff
from services.identity.roles import PUBLISHER_SCOPES, ROLES, SERVICE_SCOPES
from services.identity.settings import Settings, parse_service_clients
from services.identity.signer import Signer
from services.identity.tests.conftest import CLIENT_SECRET

EXCHANGE = "/internal/exchange"
SERVICE_TOKEN = "/internal/service_token"


@pytest.fixture
def secret(database: Database, owner: Staff) -> str:
    with database.transaction(owner.publisher_id) as session:
        _key, secret = create_api_key(
            session,
            publisher_id=owner.publisher_id,
            name="Import",
            scopes=["customers:read"],
            grantable=frozenset(PUBLISHER_SCOPES),
            created_by=owner.id,
            now=owner.created_at,
        )
    return secret


@pytest.mark.parametrize("service", ["customers", "search", "identity"])
def test_every_service_takes_the_token(
    exchange: Exchanger, signer: Signer, secret: str, service: str, owner: Staff
) -> None:
    caller = JwtVerifier(service, "customer-accounts", JwksClient(signer.jwks)).verify(exchange(secret))
    assert caller.kind == "api_key"
    assert caller.publisher_id == owner.publisher_id
    assert caller.scopes == {"customers:read"}


def test_a_token_lives_so_short_that_a_revoked_key_stops_within_a_minute(
    exchange: Exchanger, signer: Signer, secret: str
) -> None:
    verifier = JwtVerifier("customers", "customer-accounts", JwksClient(signer.jwks))
    with time_machine.travel("2030-01-01T00:00:00Z", tick=False) as now:
        token = exchange(secret)
        verifier.verify(token)
        # The leeway included: even a token used to its very end stops before a minute is over.
        now.shift(timedelta(seconds=40))
        with pytest.raises(Unauthorized):
            verifier.verify(token)


def test_the_address_answers_in_a_header(app: Flask, secret: str) -> None:
    answer = app.test_client().get(EXCHANGE, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 204
    assert answer.headers["X-Internal-Token"].count(".") == 2


@pytest.mark.parametrize("credential", ["", "ak_live_", "ak_live_unknown", "ses_unknown", "rubbish", "ak_live_\x00"])
def test_what_is_no_credential_is_refused(exchange: Exchanger, credential: str) -> None:
    with pytest.raises(Unauthorized):
        exchange(credential)


def test_a_token_can_not_be_exchanged_for_another(exchange: Exchanger, app: Flask, secret: str) -> None:
    token = exchange(secret)
    with pytest.raises(Unauthorized):
        exchange(token)
    answer = app.test_client().get(EXCHANGE, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'  # nginx passes it on


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer "])
def test_the_address_wants_a_bearer_token(app: Flask, header: str | None) -> None:
    answer = app.test_client().get(EXCHANGE, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_without_database_credentials_are_neither_right_nor_wrong(signer: Signer, settings: Settings) -> None:
    signer.jwks()
    nowhere = Database("postgresql://nobody:nothing@127.0.0.1:1/nowhere", pool_size=1)
    with pytest.raises(Unavailable):
        Exchanger(nowhere, signer)("ak_live_something")
    nowhere.close()


def test_a_service_gets_a_token_for_what_it_was_granted(app: Flask, signer: Signer) -> None:
    body = {"client_id": "search", "client_secret": CLIENT_SECRET, "audience": "customers"}
    answer = app.test_client().post(SERVICE_TOKEN, json=body)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["expires_in"] == 300
    token = answer.json["access_token"]
    keys = JwksClient(signer.jwks)
    caller = JwtVerifier("customers", "customer-accounts", keys).verify(token)
    assert (caller.kind, caller.actor_id, caller.publisher_id) == ("service", "svc_search", None)
    assert caller.scopes == {"customers:feed"}
    with pytest.raises(Unauthorized):
        JwtVerifier("search", "customer-accounts", keys).verify(token)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_id": "billing"}, 401),
        ({"client_secret": "wrong"}, 401),
        ({"audience": "identity"}, 403),
        ({"audience": None}, 422),
        ({"scope": "identity:manage"}, 422),
    ],
    ids=str,
)
def test_a_service_gets_nothing_else(app: Flask, changes: dict[str, str | None], status: int) -> None:
    body = {"client_id": "search", "client_secret": CLIENT_SECRET, "audience": "customers", **changes}
    answer = app.test_client().post(SERVICE_TOKEN, json=body)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"


def test_no_role_and_no_key_has_a_service_scope() -> None:
    for scopes in ROLES.values():
        assert scopes <= set(PUBLISHER_SCOPES)
    assert not set(PUBLISHER_SCOPES) & set(SERVICE_SCOPES)


def test_a_stored_key_with_a_service_scope_does_not_get_it(
    exchange: Exchanger, signer: Signer, database: Database, owner: Staff
) -> None:
    with database.transaction(owner.publisher_id) as session:
        _key, secret = create_api_key(
            session,
            publisher_id=owner.publisher_id,
            name="Sneaky",
            scopes=["customers:feed"],
            grantable=frozenset({"customers:feed"}),
            created_by=owner.id,
            now=owner.created_at,
        )
    assert (
        JwtVerifier("customers", "customer-accounts", JwksClient(signer.jwks)).verify(exchange(secret)).scopes == set()
    )


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "nonsense",
        '{"search": {}}',
        '{"search": {"secret_sha256": "plain", "grants": {}}}',
        '{"search": {"secret_sha256": "%s", "grants": ["customers"]}}' % ("0" * 64),
        '{"search": {"secret_sha256": "%s", "grants": {"customers": ["identity:manage"]}}}' % ("0" * 64),
    ],
)
def test_wrong_client_settings_are_refused_at_start(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_service_clients(text)


def test_the_signature_is_made_with_a_published_key(app: Flask, exchange: Exchanger, secret: str) -> None:
    answer = app.test_client().get("/v1/identity/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.json is not None
    kid = jws.extract_compact(exchange(secret).encode()).headers()["kid"]
    assert kid in {key["kid"] for key in answer.json["keys"]}
    assert all(set(key) == {"kty", "crv", "x", "kid", "use", "alg"} for key in answer.json["keys"])
