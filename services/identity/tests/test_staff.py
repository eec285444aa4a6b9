"""Managing staff: who may do it to whom, two at once, and what becomes of sessions."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select

from servicekit.db.database import Database
from servicekit.errors import Unauthorized
from services.identity.models import Staff
from services.identity.tests.conftest import PASSWORD, Client, make_owner
from services.identity.tests.people import ME, NEW_PASSWORD, STAFF, TOKEN, add, edit, person, sign_in

TRANSFER = "/v1/identity/publisher/transfer_ownership"
KEYS = "/v1/identity/api_keys"


def roles(client: Client) -> dict[str, str]:
    """Everybody's role, by email address."""
    return {item["email"]: item["role"] for item in (client.send("GET", STAFF).json or {})["items"]}


def read(client: Client, staff_id: str) -> dict[str, Any]:
    answer = client.send("GET", f"{STAFF}/{staff_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def key_of(client: Client, *scopes: str) -> Client:
    made = client.send("POST", KEYS, json={"name": "Key", "scopes": list(scopes)}).json or {}
    return client.using(made["secret"])


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
    weak = key_of(signed_in, "identity:manage", "identity:read")
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
    late = client.app.test_client().patch(
        f"{STAFF}/{grace.id}", json={"role": "admin"}, headers={**headers, "If-Match": "*"}
    )
    assert (late.status_code, (late.json or {})["code"]) == (403, "no_longer_allowed")
    assert read(signed_in, grace.id)["role"] == "agent"


def test_ownership_passes_on(signed_in: Client, owner: Staff) -> None:
    grace = person(signed_in, "agent")
    wrong = signed_in.send("POST", TRANSFER, json={"staff_id": grace.id, "password": "wrong"})
    assert (wrong.status_code, (wrong.json or {})["errors"][0]["where"]) == (422, "/password")

    done = signed_in.send("POST", TRANSFER, json={"staff_id": grace.id, "password": PASSWORD})

    assert (done.status_code, (done.json or {})["role"]) == (200, "owner")
    assert roles(grace.client) == {owner.email: "admin", grace.email: "owner"}
    again = signed_in.send("POST", TRANSFER, json={"staff_id": grace.id, "password": PASSWORD})
    assert (again.status_code, (again.json or {})["code"]) == (403, "owner_only")
    assert edit(grace.client, owner.id, role="viewer").status_code == 200


def test_ownership_passes_only_to_whoever_can_own(signed_in: Client, owner: Staff) -> None:
    disabled, fresh = person(signed_in, "agent"), add(signed_in, "fresh@example.com", "admin")
    edit(signed_in, disabled.id, status="disabled")
    for staff_id, status in ((disabled.id, 409), (fresh["id"], 409), (owner.id, 409), ("stf_unknown", 404)):
        answer = signed_in.send("POST", TRANSFER, json={"staff_id": staff_id, "password": PASSWORD})
        assert answer.status_code == status, answer.text
    key = key_of(signed_in, "identity:manage")
    assert key.send("POST", TRANSFER, json={"staff_id": disabled.id, "password": PASSWORD}).status_code == 403
    assert roles(signed_in)[owner.email] == "owner"


def test_many_transfers_at_once_leave_one_owner(signed_in: Client, owner: Staff, database: Database) -> None:
    heirs = [person(signed_in, "admin", f"heir{number}@example.com") for number in range(3)]
    headers = {"Authorization": f"Bearer {signed_in.exchange(str(signed_in.credential))}"}
    statuses: list[int] = []

    def transfer(staff_id: str) -> None:
        body = {"staff_id": staff_id, "password": PASSWORD}
        statuses.append(signed_in.app.test_client().post(TRANSFER, json=body, headers=headers).status_code)

    threads = [threading.Thread(target=transfer, args=(heir.id,)) for heir in heirs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, 403, 403]
    with database.transaction(owner.publisher_id) as session:
        owners = session.scalars(select(Staff.id).where(Staff.role == "owner")).all()
    assert len(owners) == 1
    assert owners[0] in {heir.id for heir in heirs}


def test_two_who_disable_each_other_do_not_both_succeed(signed_in: Client) -> None:
    ada, grace = person(signed_in, "admin", "ada@example.com"), person(signed_in, "admin", "grace@example.com")
    statuses: list[int] = []

    def disable(who: Client, whom: str, headers: dict[str, str]) -> None:
        answer = who.app.test_client().patch(f"{STAFF}/{whom}", json={"status": "disabled"}, headers=headers)
        statuses.append(answer.status_code)

    threads = [
        threading.Thread(
            target=disable,
            args=(
                who.client,
                whom.id,
                {"Authorization": f"Bearer {who.client.exchange(str(who.client.credential))}", "If-Match": "*"},
            ),
        )
        for who, whom in ((ada, grace), (grace, ada))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 403]
