"""What staff do to staff, keys and themselves is in the audit log."""

from __future__ import annotations

from datetime import timedelta

from servicekit import clock
from servicekit.audit import AUDIT_KEPT, Actor, Entry, entries, record
from servicekit.db.database import Database
from services.identity.models import Staff
from services.identity.tests.conftest import Client
from services.identity.tests.people import STAFF, TOKEN, add, edit, person, sign_in


def told(database: Database, publisher_id: str) -> list[tuple[str, str, str | None, str]]:
    """Who, action, subject and outcome of each entry, oldest first."""
    with database.transaction(publisher_id) as session:
        found = entries(session, publisher_id=publisher_id)
    return [(entry.actor_id, entry.action, entry.subject, entry.outcome) for entry in reversed(found)]


def test_all_that_is_done_to_staff_and_keys_is_told(signed_in: Client, owner: Staff, database: Database) -> None:
    before = len(told(database, owner.publisher_id))
    viewer = person(signed_in, "viewer")
    edit(signed_in, viewer.id, name="Other")
    signed_in.send("POST", f"{STAFF}/{viewer.id}/reset_password")
    made = signed_in.send("POST", "/v1/identity/api_keys", json={"name": "k", "scopes": ["search:read"]}).json or {}
    signed_in.send("DELETE", f"/v1/identity/api_keys/{made['id']}")
    assert told(database, owner.publisher_id)[before:] == [
        (owner.id, "identity.staff.created", viewer.id, "done"),
        (viewer.id, "identity.staff.signed_in", viewer.id, "done"),
        (viewer.id, "identity.password.changed", viewer.id, "done"),
        (owner.id, "identity.staff.edited", viewer.id, "done"),
        (owner.id, "identity.password.reset", viewer.id, "done"),
        (owner.id, "identity.api_key.created", made["id"], "done"),
        (owner.id, "identity.api_key.revoked", made["id"], "done"),
    ]


def test_signing_out_and_being_refused_are_told(signed_in: Client, owner: Staff, database: Database) -> None:
    viewer = person(signed_in, "viewer")
    before = len(told(database, owner.publisher_id))
    assert viewer.client.send("POST", STAFF, json={}).status_code == 403
    for _ in range(2):
        headers = {"Authorization": f"Bearer {viewer.client.credential}"}
        assert signed_in.app.test_client().delete(TOKEN, headers=headers).status_code == 204
    assert told(database, owner.publisher_id)[before:] == [
        (viewer.id, "identity.staff.created", None, "refused"),
        (viewer.id, "identity.staff.signed_out", viewer.id, "done"),
    ]


def test_old_entries_go_when_somebody_signs_in(signed_in: Client, owner: Staff, database: Database) -> None:
    now = clock.now()
    with database.transaction(owner.publisher_id) as session:
        for name, at in (("old", now - AUDIT_KEPT - timedelta(days=1)), ("new", now)):
            entry = Entry("identity.staff.edited", None, name)
            record(session, entry, publisher_id=owner.publisher_id, actor=Actor("staff", owner.id), now=at)
    made = add(signed_in, "x@example.com", "viewer")
    sign_in(signed_in, made["email"], made["temporary_password"])
    with database.transaction(owner.publisher_id) as session:
        kept = {entry.request_id for entry in entries(session, publisher_id=owner.publisher_id)}
    assert "new" in kept
    assert "old" not in kept
