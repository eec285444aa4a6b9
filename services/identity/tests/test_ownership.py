"""There is exactly one owner, and whoever loses a right has lost it."""

from __future__ import annotations

import threading

from sqlalchemy import select

from servicekit.db.database import Database
from services.identity.models import Staff
from services.identity.tests.conftest import PASSWORD, Client
from services.identity.tests.people import STAFF, TRANSFER, add, edit, key_of, person, roles


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
