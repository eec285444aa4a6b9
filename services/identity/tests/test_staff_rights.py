"""Who may manage whom."""

from __future__ import annotations

import pytest

from servicekit.db.database import Database
from services.identity.models import Staff
from services.identity.roles import scopes_of
from services.identity.tests.conftest import PASSWORD, Client, make_owner
from services.identity.tests.people import ME, NEW_PASSWORD, STAFF, TRANSFER, edit, key_of, person, read, roles, sign_in


def test_an_admin_does_everything_but_to_the_owner(signed_in: Client, owner: Staff) -> None:
    admin = person(signed_in, "admin").client
    other = person(admin, "admin", "second@example.com")
    assert edit(admin, other.id, role="agent").status_code == 200
    for answer in (
        edit(admin, owner.id, name="Renamed"),
        edit(admin, owner.id, role="viewer"),
        edit(admin, owner.id, status="disabled"),
        admin.send("POST", f"{STAFF}/{owner.id}/reset_password"),
        admin.send("POST", TRANSFER, json={"staff_id": other.id, "password": NEW_PASSWORD}),
    ):
        assert (answer.status_code, (answer.json or {})["code"]) == (403, "owner_only")
    made = edit(admin, other.id, role="owner")
    assert (made.status_code, made.json["code"]) == (409, "ownership_is_transferred")
    assert roles(signed_in)[owner.email] == "owner"


@pytest.mark.parametrize("data", [{"role": "viewer"}, {"status": "disabled"}], ids=str)
def test_nobody_locks_themselves_out(signed_in: Client, owner: Staff, data: dict[str, str]) -> None:
    admin = person(signed_in, "admin")
    answer = edit(admin.client, admin.id, **data)
    assert (answer.status_code, answer.json["code"]) == (409, "not_to_oneself")
    answer = edit(signed_in, owner.id, **data)
    assert answer.status_code == 409
    answer = admin.client.send("POST", f"{STAFF}/{admin.id}/reset_password")
    assert (answer.status_code, (answer.json or {})["code"]) == (409, "not_to_oneself")
    assert edit(admin.client, admin.id, name="Ada", role="admin", status="active").json["name"] == "Ada"
    assert edit(signed_in, owner.id, name="Olivia", role="owner").json["name"] == "Olivia"


@pytest.mark.parametrize("role", ["agent", "viewer", "viewer_no_pii"])
def test_others_manage_nobody(signed_in: Client, role: str) -> None:
    member = person(signed_in, role)
    body = {"email": "x@example.com", "name": "X", "role": "viewer"}
    for answer in (
        member.client.send("GET", STAFF),
        member.client.send("POST", STAFF, json=body),
        member.client.send("GET", f"{STAFF}/{member.id}"),
        edit(member.client, member.id, role="admin"),
        member.client.send("POST", f"{STAFF}/{member.id}/reset_password"),
        member.client.send("POST", TRANSFER, json={"staff_id": member.id, "password": NEW_PASSWORD}),
    ):
        assert answer.status_code == 403


def test_a_key_gives_no_role_that_is_more_than_itself(signed_in: Client) -> None:
    grace = person(signed_in, "admin")
    weak = key_of(signed_in, "identity:manage", *scopes_of("viewer_no_pii"))
    for answer in (
        weak.send("POST", STAFF, json={"email": "x@example.com", "name": "X", "role": "viewer"}),
        edit(weak, grace.id, role="agent"),
        weak.send("POST", f"{STAFF}/{grace.id}/reset_password"),
    ):
        assert (answer.status_code, (answer.json or {})["code"]) == (403, "scopes_not_yours")
    assert (
        weak.send("POST", STAFF, json={"email": "y@example.com", "name": "Y", "role": "viewer_no_pii"}).status_code
        == 201
    )
    assert edit(weak, grace.id, status="disabled").status_code == 200
    back = edit(weak, grace.id, status="active")
    assert (back.status_code, back.json["code"]) == (403, "scopes_not_yours")


def test_another_publishers_staff_are_not_there(signed_in: Client, client: Client, database: Database) -> None:
    grace = person(signed_in, "agent")
    other = make_owner(database, "other@example.com")
    stranger = sign_in(client, other.email, PASSWORD)
    for answer in (
        stranger.send("GET", f"{STAFF}/{grace.id}"),
        edit(stranger, grace.id, role="viewer"),
        stranger.send("POST", f"{STAFF}/{grace.id}/reset_password"),
        stranger.send("POST", TRANSFER, json={"staff_id": grace.id, "password": PASSWORD}),
    ):
        assert answer.status_code == 404
    assert list(roles(stranger)) == [other.email]
    assert grace.client.send("GET", ME).status_code == 200


def test_a_right_that_is_gone_is_not_used_once_more(signed_in: Client, client: Client) -> None:
    """A token outlives the role it tells of by some seconds: no time to make oneself an accomplice."""
    admin, grace = person(signed_in, "admin"), person(signed_in, "agent")
    headers = {"Authorization": f"Bearer {admin.client.exchange(str(admin.client.credential))}"}
    edit(signed_in, admin.id, role="viewer")
    for method, path, body in (
        ("PATCH", f"{STAFF}/{grace.id}", {"role": "admin"}),
        ("POST", STAFF, {"email": "x@example.com", "name": "X", "role": "admin"}),
        ("POST", f"{STAFF}/{grace.id}/reset_password", None),
        ("POST", "/v1/identity/api_keys", {"name": "Back door"}),
        ("PATCH", "/v1/identity/publisher", {"name": "Mine"}),
    ):
        late = client.app.test_client().open(path, method=method, json=body, headers={**headers, "If-Match": "*"})
        assert (late.status_code, (late.json or {})["code"]) == (403, "no_longer_allowed")
    assert read(signed_in, grace.id)["role"] == "agent"
    assert (signed_in.send("GET", "/v1/identity/api_keys").json or {})["items"] == []


def test_a_key_revoked_a_moment_ago_makes_no_other(signed_in: Client, client: Client) -> None:
    key = (
        signed_in.send("POST", "/v1/identity/api_keys", json={"name": "Key", "scopes": ["identity:manage"]}).json or {}
    )
    token = client.exchange(key["secret"])
    assert signed_in.send("DELETE", f"/v1/identity/api_keys/{key['id']}").status_code == 204
    late = client.app.test_client().post(
        "/v1/identity/api_keys",
        json={"name": "Heir", "scopes": ["identity:manage"]},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (late.status_code, (late.json or {})["code"]) == (403, "no_longer_allowed")
