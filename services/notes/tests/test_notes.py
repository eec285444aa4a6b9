"""Adding, listing, editing and deleting notes."""

from __future__ import annotations

import time_machine

from servicekit.db.database import Database
from servicekit.ids import new_id
from services.notes.tests.conftest import Notes, outbox_of


def test_a_note_is_there_as_it_was_written(notes: Notes, ada: str) -> None:
    answer = notes.send("POST", "/v1/notes", {"customer_id": ada, "text": "  Likes\r\ntea.  ", "flags": ["vip"]})

    assert answer.status_code == 201
    note = answer.json or {}
    assert note["text"] == "Likes\ntea."
    assert note["author"] == {"id": "stf_kim", "name": "Kim", "kind": "staff"}
    assert (note["flags"], note["edited_at"], note["edited_by"], note["version"]) == (["vip"], None, None, 1)
    assert note["may_edit"] is True
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Location"] == f"/v1/notes/{note['id']}"
    assert notes.send("GET", answer.headers["Location"]).json == note
    assert notes.of(ada) == [note]


def test_the_newest_is_first_and_pages_miss_none_and_double_none(notes: Notes, ada: str) -> None:
    with time_machine.travel("2026-03-01T08:00:00Z", tick=False):  # all of one moment
        written = [notes.add(ada, f"Note {number}")["id"] for number in range(7)]
    with time_machine.travel("2026-03-01T09:00:00Z", tick=False):
        written.append(notes.add(ada, "Newest")["id"])

    seen: list[str] = []
    cursor = ""
    while True:
        page = notes.send("GET", f"/v1/notes?customer_id={ada}&limit=3{cursor}").json or {}
        seen += [note["id"] for note in page["items"]]
        if len(seen) == 3:
            notes.add(ada, "Meanwhile")
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == list(reversed(written))


def test_an_edited_note_says_so_and_by_whom(notes: Notes, ada: str) -> None:
    note = notes.add(ada, "Old")

    answer = notes.edit(note["id"], as_="owner", if_match='"1"', text="New")

    edited = answer.json or {}
    assert (answer.status_code, edited["text"], edited["version"]) == (200, "New", 2)
    assert edited["edited_by"] == {"id": "stf_olga", "name": "Olga", "kind": "staff"}
    assert edited["edited_at"] is not None
    assert edited["author"]["name"] == "Kim", "the author stays"
    assert notes.of(ada)[0]["text"] == "New"


def test_an_edit_that_changes_nothing_is_no_edit(notes: Notes, ada: str, system_database: Database) -> None:
    note = notes.add(ada, "As it is", flags=["vip"])
    before = len(outbox_of(system_database))

    same = notes.edit(note["id"], text="As it is", flags=["vip", "vip"]).json or {}

    assert (same["version"], same["edited_at"]) == (1, None)
    assert len(outbox_of(system_database)) == before


def test_of_two_editors_the_second_overwrites_nothing(notes: Notes, ada: str) -> None:
    note = notes.add(ada, "First")
    assert notes.edit(note["id"], as_="owner", if_match='"1"', text="By the owner").status_code == 200

    late = notes.edit(note["id"], if_match='"1"', text="By the author")

    assert late.status_code == 412
    assert late.headers["ETag"] == '"2"'
    assert notes.of(ada)[0]["text"] == "By the owner"
    assert notes.send("PATCH", f"/v1/notes/{note['id']}", {"text": "x"}).status_code == 428
    gone = notes.send("DELETE", f"/v1/notes/{note['id']}", headers={"If-Match": '"1"'})
    assert gone.status_code == 412
    assert len(notes.of(ada)) == 1


def test_a_deleted_note_is_gone(notes: Notes, ada: str, system_database: Database) -> None:
    kept, note = notes.add(ada, "Kept"), notes.add(ada, "Canary", flags=["vip"])

    assert notes.send("DELETE", f"/v1/notes/{note['id']}").status_code == 204

    assert [each["id"] for each in notes.of(ada)] == [kept["id"]]
    for method, path in (("GET", ""), ("DELETE", ""), ("PATCH", "")):
        again = notes.send(method, f"/v1/notes/{note['id']}{path}", {"text": "x"}, headers={"If-Match": "*"})
        assert (again.status_code, (again.json or {})["code"]) == (404, "note_not_found")
    summary = notes.summary(ada)
    assert (summary["notes_count"], summary["flags"], summary["last_note_at"]) == (1, [], kept["created_at"])
    deleted = next(event for event in outbox_of(system_database) if event.type == "notes.note.deleted.v1")
    assert (deleted.data["text"], deleted.data["flags"]) == (None, [])


def test_a_request_sent_twice_writes_one_note(notes: Notes, ada: str) -> None:
    body, key = {"customer_id": ada, "text": "Once"}, {"Idempotency-Key": "k1"}

    first, second = (notes.send("POST", "/v1/notes", body, headers=key) for _ in range(2))

    assert first.json == second.json
    assert len(notes.of(ada)) == 1


def test_a_customer_who_is_not_there_has_no_notes(notes: Notes) -> None:
    foreign = notes.customer("pub_b")
    for customer_id in (foreign, "cus_00000000000000000000000000", "nobody", "cus_06h5yvkg1scm7h3b8k5rqt2xzw"):
        for answer in (
            notes.send("GET", f"/v1/notes?customer_id={customer_id}"),
            notes.send("POST", "/v1/notes", {"customer_id": customer_id, "text": "x"}),
            notes.send("GET", f"/v1/notes/customers/{customer_id}"),
            notes.send("PUT", f"/v1/notes/customers/{customer_id}/flags/vip"),
            notes.send("DELETE", f"/v1/notes/customers/{customer_id}/flags/vip"),
        ):
            assert (answer.status_code, (answer.json or {})["code"]) == (404, "customer_not_found"), customer_id


def test_one_who_was_created_just_now_is_waited_for(notes: Notes) -> None:
    customer_id = new_id("cus")
    early = notes.send("POST", "/v1/notes", {"customer_id": customer_id, "text": "x"})
    assert (early.status_code, early.headers["Retry-After"]) == (503, "1")
    assert (early.json or {})["code"] == "customer_not_here_yet"

    with time_machine.travel("2099-01-01T00:00:00Z"):
        late = notes.send("POST", "/v1/notes", {"customer_id": customer_id, "text": "x"})
    assert late.status_code == 404, "nobody is on the way for that long"


def test_events_tell_of_everything_in_order(notes: Notes, ada: str, system_database: Database) -> None:
    note = notes.add(ada, "One", flags=["vip"])
    notes.edit(note["id"], text="Two", flags=["at_risk"])
    notes.send("PUT", f"/v1/notes/customers/{ada}/flags/vip")
    notes.send("DELETE", f"/v1/notes/{note['id']}")

    events = outbox_of(system_database)

    assert {event.datasubject for event in events} == {ada}
    assert [event.type.split(".")[2] for event in events if event.type.startswith("notes.note")] == [
        "added",
        "edited",
        "deleted",
    ]
    summaries = [event for event in events if event.type == "notes.summary.changed.v1"]
    assert [event.aggregate_version for event in summaries] == [1, 2, 3, 4]
    assert [event.data["notes_count"] for event in summaries] == [1, 1, 1, 0]
    assert [event.data["flags"] for event in summaries] == [["vip"], ["at_risk"], ["at_risk", "vip"], ["vip"]]
    assert [event.data["customer_flags"] for event in summaries] == [[], [], ["vip"], ["vip"]]
