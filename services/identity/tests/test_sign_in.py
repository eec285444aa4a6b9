"""Signing in and out with a password."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import text, update

from servicekit.db.database import Database
from servicekit.errors import Unauthorized
from services.identity.attempts import ATTEMPTS, WINDOW
from services.identity.credentials import _NOBODY, _hasher, hash_password, password_matches
from services.identity.errors import EmailTaken
from services.identity.exchange import Exchanger
from services.identity.models import Staff
from services.identity.tests.conftest import PASSWORD, Client, make_owner

TOKEN = "/v1/identity/token"


def test_the_owner_signs_in_and_is_who_they_are(signed_in: Client, owner: Staff) -> None:
    me = signed_in.send("GET", "/v1/identity/me")
    assert me.status_code == 200
    assert me.json is not None
    assert (me.json["id"], me.json["role"], me.json["publisher_id"]) == (owner.id, "owner", owner.publisher_id)
    assert "identity:manage" in me.json["scopes"]
    assert "customers:feed" not in me.json["scopes"]


def test_the_address_is_compared_without_case(client: Client, owner: Staff) -> None:
    answer = client.send("POST", TOKEN, json={"email": f" {owner.email.upper()} ", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 12 * 3600
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("owner")
def test_wrong_password_and_unknown_address_answer_alike(client: Client) -> None:
    wrong = client.send("POST", TOKEN, json={"email": "owner@example.com", "password": "wrong"})
    unknown = client.send("POST", TOKEN, json={"email": "nobody@example.com", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json is not None
    assert unknown.json is not None
    assert {**wrong.json, "request_id": ""} == {**unknown.json, "request_id": ""}
    assert dict(wrong.headers).keys() == dict(unknown.headers).keys()


def test_an_unknown_address_costs_the_same_work() -> None:
    """Both sides hash with the same parameters, and the time shows it: neither is a tenth of the other."""
    assert not _hasher.check_needs_rehash(_NOBODY)
    known = hash_password(PASSWORD)
    times = {name: min(_seconds(stored) for _ in range(3)) for name, stored in (("known", known), ("none", None))}
    assert 0.1 < times["known"] / times["none"] < 10


def _seconds(stored: str | None) -> float:
    began = time.perf_counter()
    assert not password_matches(stored, "wrong")
    return time.perf_counter() - began


def test_passwords_are_kept_as_argon2id(database: Database, owner: Staff) -> None:
    with database.transaction(owner.publisher_id) as session:
        stored = session.execute(text("SELECT password_hash FROM staff")).scalar_one()
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


@pytest.mark.usefixtures("owner")
def test_guessing_is_limited_for_a_while(client: Client) -> None:
    body = {"email": "owner@example.com", "password": "wrong"}
    with time_machine.travel("2030-01-01T00:00:00Z", tick=False) as now:
        for _ in range(ATTEMPTS):
            assert client.send("POST", TOKEN, json=body).status_code == 401
        right = {**body, "password": PASSWORD}
        blocked = client.send("POST", TOKEN, json=right)
        assert blocked.status_code == 429
        assert 0 < int(blocked.headers["Retry-After"]) <= WINDOW.total_seconds() + 1
        assert blocked.json is not None
        assert f"{blocked.headers['Retry-After']} seconds" in blocked.json["detail"]
        elsewhere = client.send("POST", TOKEN, json=right, headers={"X-Forwarded-For": "192.0.2.7"})
        assert elsewhere.status_code == 200
        now.shift(WINDOW)
        assert client.send("POST", TOKEN, json=right).status_code == 200


@pytest.mark.usefixtures("owner")
def test_a_success_forgets_the_failures(client: Client) -> None:
    body = {"email": "owner@example.com", "password": "wrong"}
    for _ in range(2):
        for _ in range(ATTEMPTS - 1):
            assert client.send("POST", TOKEN, json=body).status_code == 401
        assert client.send("POST", TOKEN, json={**body, "password": PASSWORD}).status_code == 200


def test_signing_out_ends_the_session(signed_in: Client, client: Client) -> None:
    secret = str(signed_in.credential)
    for _ in range(2):
        gone = client.send("DELETE", TOKEN, headers={"Authorization": f"Bearer {secret}"})
        assert gone.status_code == 204
    with pytest.raises(Unauthorized):
        signed_in.send("GET", "/v1/identity/me")


def test_a_key_can_not_be_signed_out_and_says_so(signed_in: Client, client: Client) -> None:
    made = signed_in.send("POST", "/v1/identity/api_keys", json={"name": "Import", "scopes": ["identity:read"]})
    assert made.json is not None
    secret = made.json["secret"]

    answer = client.send("DELETE", TOKEN, headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "not_a_session"
    assert "/v1/identity/api_keys" in answer.json["detail"]
    assert signed_in.using(secret).send("GET", "/v1/identity/me").status_code == 200


def test_signing_out_with_what_is_no_credential_is_no_success(client: Client) -> None:
    for text_of_header in ("rubbish", "header.body.signature"):
        answer = client.send("DELETE", TOKEN, headers={"Authorization": f"Bearer {text_of_header}"})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_session_ends_by_itself(client: Client, owner: Staff, exchange: Exchanger) -> None:
    with time_machine.travel("2030-01-01T00:00:00Z", tick=False) as now:
        answer = client.send("POST", TOKEN, json={"email": owner.email, "password": PASSWORD})
        assert answer.json is not None
        secret = answer.json["access_token"]
        for _ in range(13):
            now.shift(timedelta(minutes=55))
            exchange(secret)
        now.shift(timedelta(minutes=4, seconds=59))
        exchange(secret)
        now.shift(timedelta(seconds=1))
        with pytest.raises(Unauthorized):
            exchange(secret)


def test_disabled_staff_can_neither_sign_in_nor_go_on(
    signed_in: Client, client: Client, owner: Staff, database: Database
) -> None:
    with database.transaction(owner.publisher_id) as session:
        session.execute(update(Staff).values(disabled_at=text("now()")))
    with pytest.raises(Unauthorized):
        signed_in.send("GET", "/v1/identity/me")
    answer = client.send("POST", TOKEN, json={"email": owner.email, "password": PASSWORD})
    assert answer.status_code == 401


def test_an_address_signs_in_to_one_publisher_only(database: Database, owner: Staff) -> None:
    with pytest.raises(EmailTaken):
        make_owner(database, owner.email.upper())


def test_secrets_are_not_in_the_database(signed_in: Client, owner: Staff, database: Database) -> None:
    with database.transaction(owner.publisher_id) as session:
        stored = session.execute(text("SELECT secret_hash FROM staff_session")).scalar_one()
    assert len(stored) == 64
    assert stored not in str(signed_in.credential)
