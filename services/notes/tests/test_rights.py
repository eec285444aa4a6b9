"""Who may do what: own note, another's note, the owner, another publisher, those who see no personal data."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from servicekit.db.database import Database
from servicekit.db.tables import audit_entry
from services.notes.tests.conftest import Notes

MAY_CHANGE = {"agent": True, "owner": True, "admin": False, "other": False, "key": False}


@pytest.mark.parametrize(("who", "may"), MAY_CHANGE.items())
def test_only_the_author_and_the_owner_edit_and_delete(notes: Notes, ada: str, who: str, may: bool) -> None:
    note = notes.add(ada, "Kim's", as_="agent")
    assert notes.of(ada, as_=who)[0]["may_edit"] is may

    edited = notes.edit(note["id"], as_=who, text="Changed")
    deleted = notes.send("DELETE", f"/v1/notes/{note['id']}", as_=who)

    if may:
        assert (edited.status_code, deleted.status_code) == (200, 204)
        return
    for refused in (edited, deleted):
        assert (refused.status_code, (refused.json or {})["code"]) == (403, "not_your_note")
    assert notes.of(ada)[0]["text"] == "Kim's"


def test_a_key_has_an_identity_of_its_own(notes: Notes, ada: str) -> None:
    note = notes.add(ada, "By a program", as_="key")

    assert note["author"] == {"id": "key_pub_a", "name": "Key of A", "kind": "api_key"}
    assert notes.edit(note["id"], as_="key", text="Again by it").status_code == 200
    assert notes.edit(note["id"], as_="agent", text="By somebody").status_code == 403
    assert notes.edit(note["id"], as_="owner", text="By the owner").status_code == 200


def test_who_only_reads_is_offered_nothing_and_gets_nothing(notes: Notes, ada: str) -> None:
    note = notes.add(ada)

    for who in ("viewer", "masked"):
        assert notes.of(ada, as_=who)[0]["may_edit"] is False
        answers = (
            notes.send("POST", "/v1/notes", {"customer_id": ada, "text": "x"}, as_=who),
            notes.edit(note["id"], as_=who, text="x"),
            notes.send("DELETE", f"/v1/notes/{note['id']}", as_=who),
            notes.send("PUT", f"/v1/notes/customers/{ada}/flags/vip", as_=who),
            notes.send("DELETE", f"/v1/notes/customers/{ada}/flags/vip", as_=who),
            notes.send("POST", "/v1/notes/flags", {"name": "Mine"}, as_=who),
        )
        assert {answer.status_code for answer in answers} == {403}
    assert [each["text"] for each in notes.of(ada)] == [note["text"]]


def test_texts_are_hidden_from_those_who_see_no_personal_data(notes: Notes, ada: str) -> None:
    note = notes.add(ada, "Her number is 555", flags=["vip"])

    (seen,) = notes.of(ada, as_="masked")

    assert (seen["text"], seen["masked"]) == (None, ["text"])
    assert (seen["flags"], seen["author"]["name"]) == (["vip"], "Kim"), "neither says who the customer is"
    assert notes.send("GET", f"/v1/notes/{note['id']}", as_="masked").json == seen
    assert notes.send("GET", f"/v1/notes/customers/{ada}", as_="masked").json == notes.summary(ada)


def test_another_publishers_notes_are_not_there(notes: Notes, ada: str) -> None:
    note = notes.add(ada, "Ours")

    answers = (
        notes.send("GET", f"/v1/notes?customer_id={ada}", as_="stranger"),
        notes.send("GET", f"/v1/notes/{note['id']}", as_="stranger"),
        notes.edit(note["id"], as_="stranger", text="Theirs"),
        notes.send("DELETE", f"/v1/notes/{note['id']}", as_="stranger"),
        notes.send("POST", "/v1/notes", {"customer_id": ada, "text": "x"}, as_="stranger"),
        notes.send("PUT", f"/v1/notes/customers/{ada}/flags/vip", as_="stranger"),
        notes.send("GET", f"/v1/notes/customers/{ada}", as_="stranger"),
    )

    assert {answer.status_code for answer in answers} == {404}
    assert [each["text"] for each in notes.of(ada)] == ["Ours"]


def test_what_is_read_and_done_is_in_the_audit_log(notes: Notes, ada: str, system_database: Database) -> None:
    note = notes.add(ada, "Canary")
    notes.of(ada)
    notes.send("GET", f"/v1/notes/{note['id']}")
    notes.edit(note["id"], text="Canary again")
    notes.send("DELETE", f"/v1/notes/{note['id']}", as_="other")
    notes.send("DELETE", f"/v1/notes/{note['id']}")
    notes.send("PUT", f"/v1/notes/customers/{ada}/flags/vip")
    notes.send("DELETE", f"/v1/notes/customers/{ada}/flags/vip")

    assert _entries(system_database) == [
        ("notes.note.added", note["id"], "done"),
        ("notes.note.listed", ada, "done"),
        ("notes.note.read", note["id"], "done"),
        ("notes.note.edited", note["id"], "done"),
        ("notes.note.deleted", note["id"], "refused"),
        ("notes.note.deleted", note["id"], "done"),
        ("notes.customer.flagged", ada, "done"),
        ("notes.customer.unflagged", ada, "done"),
    ]


def _entries(system_database: Database) -> list[tuple[Any, ...]]:
    columns = (audit_entry.c.action, audit_entry.c.subject, audit_entry.c.outcome)
    with system_database.transaction() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(audit_entry.c.id))]
