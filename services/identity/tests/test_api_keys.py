"""API keys: made, shown once, listed, revoked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from servicekit.db.database import Database
from servicekit.errors import Unauthorized
from services.identity.models import Staff
from services.identity.roles import PUBLISHER_SCOPES
from services.identity.tests.conftest import PASSWORD, Client, make_owner

KEYS = "/v1/identity/api_keys"


def make_key(client: Client, name: str = "Nightly import", **body: Any) -> dict[str, Any]:
    answer = client.send("POST", KEYS, json={"name": name, **body})
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    made: dict[str, Any] = answer.json
    return made


def test_a_key_works_as_a_credential(signed_in: Client, owner: Staff) -> None:
    key = make_key(signed_in)
    assert key["secret"].startswith("ak_live_")
    assert len(key["secret"]) == len("ak_live_") + 43
    assert key["secret"].startswith(key["hint"])
    me = signed_in.using(key["secret"]).send("GET", "/v1/identity/me").json
    assert me == {
        "id": key["id"],
        "kind": "api_key",
        "name": "Nightly import",
        "role": None,
        "publisher_id": owner.publisher_id,
        "scopes": key["scopes"],
        "email": None,
        "publisher_name": None,
        "session_expires_at": None,
        "password_change_required": False,
        "preferences": None,
    }


@pytest.mark.parametrize("scope", sorted(PUBLISHER_SCOPES))
def test_a_key_learns_who_it_is_whatever_it_may_do(signed_in: Client, scope: str) -> None:
    key = make_key(signed_in, scopes=[scope])
    me = signed_in.using(key["secret"]).send("GET", "/v1/identity/me")
    assert me.status_code == 200, me.text
    assert me.json is not None
    assert (me.json["id"], me.json["scopes"]) == (key["id"], [scope])


def test_the_secret_is_shown_once_and_stored_nowhere(signed_in: Client, owner: Staff, database: Database) -> None:
    key = make_key(signed_in)
    assert key["secret"] not in signed_in.send("GET", KEYS).text
    with database.transaction(owner.publisher_id) as session:
        rows = session.execute(text("SELECT to_jsonb(k)::text FROM api_key k")).scalars().all()
    assert len(rows) == 1
    assert key["secret"] not in rows[0]


def test_a_repeated_request_makes_one_key_and_keeps_its_secret_to_itself(
    signed_in: Client, owner: Staff, database: Database
) -> None:
    headers = {"Idempotency-Key": "once"}
    first = signed_in.send("POST", KEYS, json={"name": "Import"}, headers=headers)
    second = signed_in.send("POST", KEYS, json={"name": "Import"}, headers=headers)
    assert first.json is not None
    assert second.json == {**first.json, "secret": None}
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(signed_in.send("GET", KEYS).json["items"]) == 1  # type: ignore[index]
    with database.transaction(owner.publisher_id) as session:
        kept = session.execute(text("SELECT to_jsonb(k)::text FROM idempotency_key k")).scalar_one()
    assert first.json["secret"] not in kept
    changed = signed_in.send("POST", KEYS, json={"name": "Export"}, headers=headers)
    assert changed.status_code == 422


def test_a_revoked_key_is_refused_from_the_next_exchange_on(signed_in: Client) -> None:
    key = make_key(signed_in)
    program = signed_in.using(key["secret"])
    assert program.send("GET", "/v1/identity/me").status_code == 200
    for _ in range(2):
        assert signed_in.send("DELETE", f"{KEYS}/{key['id']}").status_code == 204
    with pytest.raises(Unauthorized):
        program.send("GET", "/v1/identity/me")
    listed = signed_in.send("GET", KEYS).json
    assert listed is not None
    assert listed["items"][0]["revoked_at"] is not None


def test_nobody_passes_on_more_than_they_have(signed_in: Client) -> None:
    manager = make_key(signed_in, scopes=["identity:manage", "customers:read"])
    program = signed_in.using(manager["secret"])
    more = program.send("POST", KEYS, json={"name": "More", "scopes": ["customers:write"]})
    assert more.status_code == 403
    assert more.json is not None
    assert more.json["code"] == "scopes_not_yours"
    same = program.send("POST", KEYS, json={"name": "Same"})
    assert same.json is not None
    assert same.json["scopes"] == ["customers:read"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 101},
        {"name": "Feed", "scopes": ["customers:feed"]},
        {"name": "Unknown", "scopes": ["everything"]},
        {"name": "None", "scopes": []},
        {"name": "Extra", "role": "owner"},
        {"name": 7},
    ],
    ids=str,
)
def test_wrong_input_is_refused(signed_in: Client, body: dict[str, Any]) -> None:
    answer = signed_in.send("POST", KEYS, json=body)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(("key_id", "status"), [("key_unknown", 404), ("%00", 400), ("%ff", 404), ("x" * 5000, 404)])
def test_ids_that_are_none_are_refused(signed_in: Client, key_id: str, status: int) -> None:
    assert signed_in.send("DELETE", f"{KEYS}/{key_id}").status_code == status


def test_a_key_without_the_scope_may_not_manage(signed_in: Client) -> None:
    program = signed_in.using(make_key(signed_in, scopes=["customers:read"])["secret"])
    assert program.send("GET", KEYS).status_code == 403
    assert program.send("POST", KEYS, json={"name": "More"}).status_code == 403
    assert program.send("DELETE", f"{KEYS}/key_1").status_code == 403


def test_the_list_goes_on_by_cursor(signed_in: Client) -> None:
    made = [make_key(signed_in, name=f"Key {number}")["id"] for number in range(5)]
    seen, cursor = [], ""
    while True:
        page = signed_in.send("GET", f"{KEYS}?limit=2{cursor}").json
        assert page is not None
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made[::-1]
    assert signed_in.send("GET", f"{KEYS}?cursor=made-up").status_code == 400


def test_another_publishers_key_is_not_found(signed_in: Client, client: Client, database: Database) -> None:
    key = make_key(signed_in)
    other = make_owner(database, "other@example.com")
    answer = client.send("POST", "/v1/identity/token", json={"email": other.email, "password": PASSWORD})
    assert answer.json is not None
    stranger = client.using(answer.json["access_token"])
    assert stranger.send("DELETE", f"{KEYS}/{key['id']}").status_code == 404
    assert stranger.send("GET", KEYS).json == {"items": [], "next_cursor": None}
    assert signed_in.using(key["secret"]).send("GET", "/v1/identity/me").status_code == 200


def test_answers_kept_for_repeated_requests_go_after_a_day(signed_in: Client, owner: Staff, database: Database) -> None:
    signed_in.send("POST", KEYS, json={"name": "Import"}, headers={"Idempotency-Key": "old"})
    with database.transaction(owner.publisher_id) as session:
        session.execute(text("UPDATE idempotency_key SET created_at = now() - interval '25 hours'"))

    signed_in.send("POST", KEYS, json={"name": "Export"}, headers={"Idempotency-Key": "new"})

    with database.transaction(owner.publisher_id) as session:
        assert session.execute(text("SELECT key FROM idempotency_key")).scalars().all() == ["new"]
