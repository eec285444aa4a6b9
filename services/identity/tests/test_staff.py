"""Managing staff: who may do it to whom, two at once, and what becomes of sessions."""

from __future__ import annotations

from typing import Any

import pytest

from servicekit.db.database import Database
from servicekit.errors import Unauthorized
from services.identity.models import Staff
from services.identity.tests.conftest import Client, make_owner
from services.identity.tests.people import ME, NEW_PASSWORD, STAFF, TOKEN, add, edit, person, read, roles, sign_in


def test_a_new_member_is_listed_and_read(signed_in: Client, owner: Staff) -> None:
    made = add(signed_in, "Grace@Example.COM", "agent", name="  Grace Hopper ")
    shown = {name: value for name, value in made.items() if name != "temporary_password"}
    assert (shown["email"], shown["name"], shown["role"]) == ("Grace@example.com", "Grace Hopper", "agent")
    assert (shown["status"], shown["password_change_required"], shown["last_sign_in_at"]) == ("active", True, None)
    listed = signed_in.send("GET", STAFF).json or {}
    assert [item["id"] for item in listed["items"]] == [owner.id, made["id"]]
    assert listed["items"][1] == shown
    answer = signed_in.send("GET", f"{STAFF}/{made['id']}")
    assert (answer.json, answer.headers["ETag"]) == (shown, '"1"')


def test_signing_in_is_seen(signed_in: Client) -> None:
    grace = person(signed_in, "agent")
    shown = read(signed_in, grace.id)
    assert shown["last_sign_in_at"] is not None
    assert shown["password_change_required"] is False


def test_the_list_goes_on_by_cursor(signed_in: Client, owner: Staff) -> None:
    made = [owner.id, *(add(signed_in, f"s{number}@example.com", "viewer")["id"] for number in range(4))]
    seen, cursor = [], ""
    while True:
        page = signed_in.send("GET", f"{STAFF}?limit=2{cursor}").json or {}
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made
    assert signed_in.send("GET", f"{STAFF}?cursor=made-up").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "grace@example.com", "name": "Grace"},
        {"email": "grace@example.com", "name": "Grace", "role": "owner"},
        {"email": "grace@example.com", "name": "Grace", "role": "god"},
        {"email": "grace@example.com", "name": " ", "role": "agent"},
        {"email": "grace@example.com", "name": "G" * 101, "role": "agent"},
        {"email": "grace", "name": "Grace", "role": "agent"},
        {"email": "grace@example.com\n", "name": "Gr\u0007ace", "role": "agent"},
        {"email": "grace@example.com", "name": "Grace", "role": "agent", "password": "chosen for her"},
    ],
    ids=str,
)
def test_wrong_input_adds_nobody(signed_in: Client, body: dict[str, Any]) -> None:
    assert signed_in.send("POST", STAFF, json=body).status_code == 422
    assert len(roles(signed_in)) == 1


def test_an_address_is_taken_once_at_all_publishers(signed_in: Client, database: Database) -> None:
    make_owner(database, "other@example.com")
    answer = signed_in.send("POST", STAFF, json={"email": "OTHER@example.com", "name": "Other", "role": "agent"})
    assert answer.status_code == 409
    assert (answer.json or {})["code"] == "email_taken"


def test_a_new_role_counts_at_the_next_exchange(signed_in: Client) -> None:
    grace = person(signed_in, "agent")
    assert "customers:write" in (grace.client.send("GET", ME).json or {})["scopes"]
    assert edit(signed_in, grace.id, role="viewer").json["role"] == "viewer"
    me = grace.client.send("GET", ME).json or {}
    assert (me["role"], "customers:write" in me["scopes"]) == ("viewer", False)


def test_disabling_ends_sessions_for_good(signed_in: Client, client: Client) -> None:
    grace = person(signed_in, "agent")
    disabled = edit(signed_in, grace.id, status="disabled")
    assert disabled.json["status"] == "disabled"
    assert disabled.json["disabled_at"] is not None
    with pytest.raises(Unauthorized):
        grace.client.send("GET", ME)
    refused = client.send("POST", TOKEN, json={"email": grace.email, "password": NEW_PASSWORD})
    assert refused.status_code == 401

    assert edit(signed_in, grace.id, status="active").json["disabled_at"] is None

    with pytest.raises(Unauthorized):
        grace.client.send("GET", ME)
    assert sign_in(client, grace.email).send("GET", ME).status_code == 200


def test_a_reset_ends_sessions_and_the_old_password(signed_in: Client, client: Client) -> None:
    grace = person(signed_in, "agent")
    path = f"{STAFF}/{grace.id}/reset_password"
    reset = signed_in.send("POST", path, headers={"Idempotency-Key": "once"})
    assert reset.status_code == 200
    again = signed_in.send("POST", path, headers={"Idempotency-Key": "once"})
    assert again.json == {**(reset.json or {}), "temporary_password": None}
    with pytest.raises(Unauthorized):
        grace.client.send("GET", ME)
    assert client.send("POST", TOKEN, json={"email": grace.email, "password": NEW_PASSWORD}).status_code == 401
    session = sign_in(client, grace.email, (reset.json or {})["temporary_password"])
    assert (session.send("GET", ME).json or {})["password_change_required"] is True


def test_two_admins_edit_one_member(signed_in: Client) -> None:
    admin, grace = person(signed_in, "admin"), person(signed_in, "agent")
    first = edit(signed_in, grace.id, version=1, name="Grace H.")
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    second = edit(admin.client, grace.id, version=1, role="viewer")
    assert (second.status_code, second.headers["ETag"]) == (412, '"2"')
    assert read(signed_in, grace.id)["role"] == "agent"
    assert edit(admin.client, grace.id, version=2, role="viewer").status_code == 200


def test_the_same_again_changes_nothing(signed_in: Client) -> None:
    grace = person(signed_in, "agent")
    for _ in range(2):
        answer = edit(signed_in, grace.id, name="Grace Hopper", role="agent", status="active")
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert edit(signed_in, grace.id).status_code == 200
    assert signed_in.send("PATCH", f"{STAFF}/{grace.id}", json={}).status_code == 428
    assert grace.client.send("GET", ME).status_code == 200
