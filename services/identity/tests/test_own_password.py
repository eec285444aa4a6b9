"""Changing one's own password, and temporary ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import text

from servicekit import clock
from servicekit.db.database import Database
from servicekit.errors import Unauthorized
from services.identity.actions import begin_session
from services.identity.attempts import ATTEMPTS, WINDOW
from services.identity.errors import WrongCredentials
from services.identity.models import Staff
from services.identity.tests.conftest import PASSWORD, Client
from services.identity.tests.people import ME, NEW_PASSWORD, STAFF, TOKEN, add, person, sign_in

OWN = f"{ME}/password"


def change(client: Client, current: str = PASSWORD, new: str = NEW_PASSWORD) -> Any:
    return client.send("POST", OWN, json={"current_password": current, "new_password": new})


def test_the_new_password_counts_and_other_sessions_end(signed_in: Client, client: Client, owner: Staff) -> None:
    other = sign_in(client, owner.email, PASSWORD)
    assert change(signed_in).status_code == 204
    assert signed_in.send("GET", ME).status_code == 200
    with pytest.raises(Unauthorized):
        other.send("GET", ME)
    old = client.send("POST", TOKEN, json={"email": owner.email, "password": PASSWORD})
    assert old.status_code == 401
    assert sign_in(client, owner.email).send("GET", ME).status_code == 200


@pytest.mark.parametrize(
    "weak",
    [
        "short",
        "elevenchars",
        "aaaaaaaaaaaaaaa",
        "ababababababab",
        "123456789012345",
        "Password123456!",
        "!!!password!!!!",
        "qwertyuiop123",
        "correct horse battery staple 1",
        "owner@example.com",
        "Owner@Example.com2026",
        "Owner1234567890",
        "Owner of the Weekly",
        "owneroftheweekly99",
        PASSWORD,
        "x" * 1001,
    ],
)
def test_weak_ones_are_refused(signed_in: Client, client: Client, owner: Staff, weak: str) -> None:
    answer = change(signed_in, new=weak)
    assert answer.status_code == 422
    assert [error["where"] for error in answer.json["errors"]] == ["/new_password"]
    assert sign_in(client, owner.email, PASSWORD)


@pytest.mark.parametrize(
    "strong", ["three green bicycles at dawn", "Zufällig gewählt", "8c1f-77aa-01be-9d3c", "пароль длинный"]
)
def test_others_are_taken(signed_in: Client, client: Client, owner: Staff, strong: str) -> None:
    assert change(signed_in, new=strong).status_code == 204
    assert sign_in(client, owner.email, strong)


def test_the_wrong_present_one_changes_nothing_and_ends_nothing(
    signed_in: Client, client: Client, owner: Staff
) -> None:
    answer = change(signed_in, current="wrong")
    assert answer.status_code == 422
    assert answer.json["code"] == "wrong_password"
    assert answer.json["errors"][0]["where"] == "/current_password"
    assert sign_in(client, owner.email, PASSWORD)
    assert signed_in.send("GET", ME).status_code == 200


def test_guessing_is_limited_whatever_the_session(client: Client, owner: Staff) -> None:
    with time_machine.travel("2030-01-01T00:00:00Z", tick=False) as now:
        for _ in range(ATTEMPTS):
            assert change(sign_in(client, owner.email, PASSWORD), current="wrong").status_code == 422
        blocked = change(sign_in(client, owner.email, PASSWORD))
        assert blocked.status_code == 429
        assert 0 < int(blocked.headers["Retry-After"]) <= WINDOW.total_seconds() + 1
        now.shift(WINDOW + timedelta(seconds=1))
        assert change(sign_in(client, owner.email, PASSWORD)).status_code == 204


def test_a_temporary_password_opens_nothing_but_its_change(signed_in: Client, client: Client) -> None:
    made = add(signed_in, "grace@example.com", "admin")
    session = sign_in(client, made["email"], made["temporary_password"])
    me = session.send("GET", ME).json or {}
    assert (me["role"], me["scopes"], me["password_change_required"]) == ("admin", [], True)
    assert session.send("GET", STAFF).status_code == 403
    assert session.send("GET", "/v1/identity/publisher").status_code == 403
    same = change(session, made["temporary_password"], made["temporary_password"])
    assert same.status_code == 422

    assert change(session, made["temporary_password"]).status_code == 204

    me = session.send("GET", ME).json or {}
    assert me["password_change_required"] is False
    assert session.send("GET", STAFF).status_code == 200


def test_of_a_session_with_a_temporary_password_no_token_is_kept(signed_in: Client, client: Client) -> None:
    """The gateway would go on presenting a token without rights after the change."""
    made = add(signed_in, "grace@example.com", "agent")
    session = sign_in(client, made["email"], made["temporary_password"])

    def not_kept() -> str | None:
        headers = {"Authorization": f"Bearer {session.credential}"}
        answer = client.app.test_client().get("/internal/exchange", headers=headers)
        assert answer.status_code == 204
        return answer.headers.get("X-Token-Not-Kept")

    assert not_kept() == "1"
    assert change(session, made["temporary_password"]).status_code == 204
    assert not_kept() is None


def test_a_password_that_was_reset_meanwhile_is_not_overwritten(
    signed_in: Client, client: Client, database: Database
) -> None:
    grace = person(signed_in, "agent")
    token = grace.client.exchange(str(grace.client.credential))
    reset = signed_in.send("POST", f"{STAFF}/{grace.id}/reset_password").json or {}
    body = {"current_password": NEW_PASSWORD, "new_password": "another one, quite long"}
    late = client.app.test_client().post(OWN, json=body, headers={"Authorization": f"Bearer {token}"})
    assert late.status_code == 422
    assert sign_in(client, grace.email, reset["temporary_password"])


def test_passwords_are_nowhere_in_the_clear(signed_in: Client, owner: Staff, database: Database) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"email": "grace@example.com", "name": "Grace", "role": "agent"}
    made = signed_in.send("POST", STAFF, json=body, headers=headers).json or {}
    again = signed_in.send("POST", STAFF, json=body, headers=headers)
    assert again.json == {**made, "temporary_password": None}
    assert change(signed_in).status_code == 204
    with database.transaction(owner.publisher_id) as session:
        kept = [
            row
            for table in ("staff", "idempotency_key", "staff_session")
            for row in session.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t")).scalars()
        ]
    assert len(kept) > 2
    assert not any(secret in row for row in kept for secret in (made["temporary_password"], NEW_PASSWORD))


@pytest.mark.parametrize("meanwhile", ["disabled_at = now()", "password_hash = 'reset'"])
def test_whoever_is_disabled_or_reset_while_signing_in_is_not_let_in(
    owner: Staff, database: Database, meanwhile: str
) -> None:
    """The password was checked just before; the session would outlive the reason to end all of them."""
    with database.transaction(owner.publisher_id) as session:
        session.execute(text(f"UPDATE staff SET {meanwhile}"))
    with pytest.raises(WrongCredentials), database.transaction(owner.publisher_id) as session:
        begin_session(session, staff=owner, lifetime=timedelta(hours=1), now=clock.now())
    with database.transaction(owner.publisher_id) as session:
        assert session.execute(text("SELECT count(*) FROM staff_session")).scalar_one() == 0
