"""Notes from files: each once, as it was written, however often the file is imported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from servicekit.db.database import Database
from services.notes.tests.conftest import Notes, outbox_of
from services.notes.tests.imports.conftest import Imports, Staff, counts

HEAD = "Note ID,Email,Text,Author,Date,Flags\n"


def _row(number: int = 1, text: str = "Called.", email: str = "ada@example.com", flags: str = "") -> str:
    return f"N-{number},{email},{text},Jo Old,2024-05-0{number % 9 + 1} 09:30,{flags}\n"


def test_rows_become_notes_as_they_were_written(
    imports: Imports, notes: Notes, ada: str, system_database: Database
) -> None:
    file = f'{HEAD}N-1,ADA@example.com,"Two\r\nlines, and cafe\u0301",Jo Old,2024-05-01 09:30,"VIP; at_risk"\n'
    assert counts(imports.run(file)) == (1, 0, 0, 0)
    (note,) = notes.of(ada)
    assert (note["text"], note["flags"]) == ("Two\nlines, and caf\u00e9", ["at_risk", "vip"])
    assert (note["author"]["name"], note["author"]["kind"]) == ("Jo Old", "import")
    assert note["created_at"] == "2024-05-01T09:30:00.000000Z"
    assert note["imported_at"] is not None
    assert (note["edited_at"], note["version"]) == (None, 1)
    summary = notes.summary(ada)
    assert (summary["notes_count"], summary["flags"], summary["customer_flags"]) == (1, ["at_risk", "vip"], [])
    assert summary["last_note_at"] == note["created_at"]
    told = {event.type: event for event in outbox_of(system_database)}
    added = told["notes.note.added.v1"]
    assert (added.subject, added.datasubject) == (note["id"], ada)
    assert added.data == {name: value for name, value in note.items() if name != "may_edit"}
    assert told["notes.summary.changed.v1"].data == summary


def test_older_notes_stand_behind_those_that_are_there(imports: Imports, notes: Notes, ada: str) -> None:
    notes.add(ada, "Today")
    imports.run(HEAD + _row(2, "second") + _row(1, "first"))
    assert [note["text"] for note in notes.of(ada)] == ["Today", "second", "first"]
    assert notes.summary(ada)["last_note_at"] == notes.of(ada)[0]["created_at"]


def test_the_same_file_again_changes_nothing(
    imports: Imports, notes: Notes, ada: str, system_database: Database
) -> None:
    file = HEAD + _row(1, flags="vip") + _row(2)
    assert counts(imports.run(file, name="crm")) == (2, 0, 0, 0)
    before, told = notes.of(ada), len(outbox_of(system_database))
    assert counts(imports.run(file, name="another name")) == (0, 0, 2, 0)
    assert (notes.of(ada), len(outbox_of(system_database))) == (before, told)


def test_rows_without_an_id_are_known_by_name_and_number(imports: Imports, notes: Notes, ada: str) -> None:
    rows = "ada@example.com,Same\nada@example.com,Same\nada@example.com,Other\n"
    assert counts(imports.run(f"email,text\n{rows}", name="crm")) == (3, 0, 0, 0)
    assert counts(imports.run(f"email,text\n{rows}ada@example.com,New\n", name="crm")) == (1, 0, 3, 0)
    job = imports.run(f"email,text\nada@example.com,Put in\n{rows}", name="crm")
    assert counts(job) == (0, 0, 1, 3), "rows that moved are never taken for new ones"
    assert imports.rejects(job)[0][2].startswith("Row 2 of an earlier import named crm was something else.")
    assert len(notes.of(ada)) == 4


def test_what_was_edited_or_deleted_here_stays_so(imports: Imports, notes: Notes, ada: str) -> None:
    file = HEAD + _row(1) + _row(2)
    imports.run(file)
    second, first = notes.of(ada)
    notes.edit(first["id"], as_="owner", text="Edited here")
    assert notes.send("DELETE", f"/v1/notes/{second['id']}", as_="owner").status_code == 204
    assert counts(imports.run(file)) == (0, 0, 2, 0)
    assert [note["text"] for note in notes.of(ada)] == ["Edited here"]


def test_an_id_that_says_something_else_is_refused(imports: Imports, notes: Notes, ada: str) -> None:
    bob = notes.customer(email="bob@example.com")
    imports.run(HEAD + _row(1))
    job = imports.run(
        HEAD + _row(1, "Corrected") + _row(1, email="bob@example.com") + _row(3) + _row(3) + _row(3, "Third")
    )
    assert counts(job) == (1, 0, 1, 3)
    told = imports.rejects(job)
    assert [(row, column) for row, column, _ in told] == [("2", "Note ID"), ("3", "Note ID"), ("6", "Note ID")]
    assert "A file changes no note" in told[0][2]
    assert "Another customer's note has it." in told[1][2]
    assert notes.of(bob) == []


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("N-1,ada@example.com,,Jo,2024-01-01,", "Text", "Missing"),
        ("N-1,ada@example.com,\u200b\u200b,Jo,2024-01-01,", "Text", "Must not be empty"),
        (f"N-1,ada@example.com,{'x' * 2501},Jo,2024-01-01,", "Text", "2,501 characters; 2,500 are the most"),
        (f"N-1,ada@example.com,{'x' * 20_000},Jo,2024-01-01,", "Text", "Longer than 2,500"),
        (f"N-1,ada@example.com,{'x' * 1_100_000},Jo,2024-01-01,", "", "bytes"),
        ("N-1,ada@example.com,a\x07b,Jo,2024-01-01,", "Text", "control character"),
        ("N-1,ada@example.com,a\x00b,Jo,2024-01-01,", "Text", "control character"),
        ("N-1,,Called.,Jo,2024-01-01,", "Email", "It doesn't say whom it is about"),
        ("N-1,nobody@example.com,Called.,Jo,2024-01-01,", "Email", "No customer is known by this"),
        ("N-1,ada@example.com,Called.,Jo,01/02/2024,", "Date", "Not a time"),
        ("N-1,ada@example.com,Called.,Jo,1969-12-31,", "Date", "Before 1970"),
        ("N-1,ada@example.com,Called.,Jo,2999-01-01,", "Date", "In the future"),
        ("N-1,ada@example.com,Called.,Jo,2024-01-01,gold", "Flags", "is not one of your publisher's flags"),
        ("N-1,ada@example.com,Called.,Jo,2024-01-01," + "|".join(f"f{n}" for n in range(21)), "Flags", "More than 20"),
        (f"N-1,ada@example.com,Called.,{'J' * 201},2024-01-01,", "Author", "200"),
        (f"{'N' * 201},ada@example.com,Called.,Jo,2024-01-01,", "Note ID", "200"),
        ("N-1,ada@example.com,Called.,Jo,2024-01-01,,more", "", "cell"),
    ],
    ids=lambda value: repr(value[-24:]) if isinstance(value, str) else None,
)
def test_a_bad_row_costs_itself_only(
    imports: Imports, notes: Notes, ada: str, row: str, column: str, reason: str
) -> None:
    job = imports.run(f"{HEAD}{row}\n{_row(2)}")
    assert counts(job) == (1, 0, 0, 1)
    ((number, told_column, told),) = imports.rejects(job)
    assert (number, told_column) == ("2", column)
    assert reason in told
    assert [note["text"] for note in notes.of(ada)] == ["Called."]


def test_2500_characters_are_counted_as_in_the_api(imports: Imports, notes: Notes, ada: str) -> None:
    text = "e\u0301" * 2_499 + "\r\n" + "x"
    assert counts(imports.run(f'{HEAD}N-1,ada@example.com,"{text[:-3]}\U0001f600",,,\n')) == (1, 0, 0, 0)
    assert len(notes.of(ada)[0]["text"]) == 2_500
    assert counts(imports.run(f'{HEAD}N-2,ada@example.com,"{text}",,,\n')) == (0, 0, 0, 1)


def test_a_retired_flag_is_refused_and_an_own_one_is_found_by_its_name(
    imports: Imports, notes: Notes, ada: str
) -> None:
    notes.send("POST", "/v1/notes/flags", {"name": "Press contact"}, as_="admin")
    notes.send("PATCH", "/v1/notes/flags/vip", {"retired": True}, as_="admin", headers={"If-Match": "*"})
    job = imports.run(HEAD + _row(1, flags="press CONTACT") + _row(2, flags="vip"))
    assert counts(job) == (1, 0, 0, 1)
    assert imports.rejects(job) == [("3", "Flags", "'vip' is retired.")]
    assert notes.of(ada)[0]["flags"] == ["press_contact"]
    assert notes.send("DELETE", "/v1/notes/flags/press_contact", as_="admin").status_code == 409, "it is in use"


def test_a_dry_run_tells_the_same_and_changes_nothing(
    imports: Imports, notes: Notes, ada: str, system_database: Database
) -> None:
    before = len(outbox_of(system_database))
    rows = "".join(_row(number, flags="vip") for number in range(1, 700)) + _row(1) + "N-999,x@example.com,No,,,\n"
    job = imports.run(HEAD + rows, dry_run="true")
    assert counts(job) == (699, 0, 1, 1)
    assert notes.of(ada) == []
    assert notes.summary(ada)["notes_count"] == 0
    assert len(outbox_of(system_database)) == before
    assert counts(imports.run(HEAD + rows)) == (699, 0, 1, 1)
    assert notes.summary(ada)["notes_count"] == 699


def test_objects_are_read_as_the_api_has_them(imports: Imports, notes: Notes) -> None:
    bob = notes.customer(external_ids=[{"source": "publisher", "id": "C-7"}, {"source": "crm", "id": "77"}])
    lines = [
        {"customer_external_id": "C-7", "text": "one", "flags": ["vip", "At risk"], "external_id": 17},
        {"customer_id": bob, "text": "two", "created_at": 1_700_000_000},
        {"customer_external_ids.crm": 77, "text": "three", "author": None},
        {"customer_id": bob, "text": ["no"], "flags": [1]},
        {"customer_id": bob, "text": "four", "mood": "x"},
    ]
    job = imports.run("\n".join(map(json.dumps, lines)) + "\n", map="mood=")
    assert counts(job) == (4, 0, 0, 1)
    assert {note["text"] for note in notes.of(bob)} == {"one", "two", "three", "four"}
    assert [(row, column) for row, column, _ in imports.rejects(job)] == [("4", "text; flags")]


def test_of_several_names_of_a_customer_the_first_that_is_known_counts(
    imports: Imports, notes: Notes, ada: str
) -> None:
    bob = notes.customer(email="bob@example.com", external_ids=[{"source": "publisher", "id": "C-7"}])
    imports.run("customer id,email,note\nC-7,ada@example.com,bob's\nC-8,ada@example.com,ada's\n")
    assert [note["text"] for note in notes.of(bob)] == ["bob's"]
    assert [note["text"] for note in notes.of(ada)] == ["ada's"]


def _authors(notes: Notes, customer_id: str) -> dict[str, Any]:
    return {note["text"]: (note["author"]["name"], note["author"]["kind"]) for note in notes.of(customer_id)}


def test_authors_are_named_as_the_file_names_them_and_found_by_email(
    imports: Imports, notes: Notes, ada: str, staff: Staff
) -> None:
    job = imports.run(
        "email,text,author,author email\nada@example.com,a,K. Okafor,KIM@example.com\n"
        "ada@example.com,b,,olga@example.com\nada@example.com,c,Jo Old,jo@example.com\n"
        "ada@example.com,d,,jo@example.com\nada@example.com,e,,\n"
    )
    assert counts(job) == (5, 0, 0, 0)
    assert _authors(notes, ada) == {
        "a": ("K. Okafor", "staff"),
        "b": ("Olga", "staff"),
        "c": ("Jo Old", "import"),
        "d": ("jo@example.com", "import"),
        "e": ("Adam", "staff"),
    }
    assert staff.asked == [("pub_a", {"kim@example.com", "olga@example.com", "jo@example.com"})]
    mine = {note["text"] for note in notes.of(ada, as_="agent") if note["may_edit"]}
    assert mine == {"a"}, "whom the file names as its author may edit it, as if it was written here"
    assert {note["text"] for note in notes.of(ada, as_="admin") if note["may_edit"]} == {"e"}
    assert {note["text"] for note in notes.of(ada, as_="owner") if note["may_edit"]} == {*"abcde"}


def test_while_identity_cannot_be_asked_the_file_waits(imports: Imports, notes: Notes, ada: str, staff: Staff) -> None:
    staff.down = True
    job = imports.send("email,text,author email\nada@example.com,a,kim@example.com\n").json
    imports.work()
    waiting = imports.read(job["id"])
    assert (waiting["status"], waiting["awaits"], waiting["rows"]["done"]) == ("running", "staff", 0)
    staff.down = False
    imports.work()
    assert counts(imports.read(job["id"])) == (1, 0, 0, 0)
    assert notes.of(ada)[0]["author"]["id"] == "stf_kim"


def test_hostile_content_is_text_and_a_formula_is_given_back_harmless(imports: Imports, notes: Notes, ada: str) -> None:
    hostile = [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "{{ config }}{% for x in range(9**9) %}x{% endfor %}",
        '=HYPERLINK("http://evil.example")',
        "\u202eright to left\u202c",
        "'; DROP TABLE note; --",
    ]
    lines = [{"customer_email": "ada@example.com", "text": text, "author": text[:20]} for text in hostile]
    assert counts(imports.run("\n".join(map(json.dumps, lines)) + "\n"))[0] >= 4
    assert {note["text"] for note in notes.of(ada)} >= {hostile[0], hostile[1], hostile[2], hostile[4]}
    job = imports.run("email,text\nnobody@example.com,=1+1\n")
    assert "'=1+1" in imports.rejects_file(job)


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("email,mood", "import_columns_unknown"),
        ("email,author", "import_mapping_invalid"),
        ("text,author", "import_mapping_invalid"),
        ("email,text,text", "import_mapping_invalid"),
    ],
)
def test_a_file_without_what_is_needed_is_refused_at_once(imports: Imports, heading: str, code: str) -> None:
    answer = imports.send(f"{heading}\na,b,c\n")
    assert (answer.status_code, answer.json["code"]) == (422, code)


@pytest.mark.parametrize(
    "constant",
    ["external_id=x", "customer_email=a@example.com", "flags=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u", "mood=x"],
)
def test_a_constant_that_fits_no_row_is_refused_at_once(imports: Imports, constant: str) -> None:
    answer = imports.send("email,text\nada@example.com,x\n", set=constant)
    assert (answer.status_code, answer.json["code"]) == (422, "import_mapping_invalid")


@pytest.mark.parametrize(
    ("caller", "status"),
    [("owner", 202), ("admin", 202), ("key", 202), ("agent", 403), ("viewer", 403), ("masked", 403)],
)
def test_who_may_import(imports: Imports, ada: str, caller: str, status: int) -> None:
    assert imports.send("email,text\nada@example.com,x\n", as_=caller).status_code == status


def test_another_publishers_customers_and_imports_are_not_there(imports: Imports, notes: Notes, ada: str) -> None:
    notes.customer("pub_b", email="strange@example.com")
    job = imports.run(f"customer id,text\n{ada},x\n", as_="admin")
    assert counts(job) == (1, 0, 0, 0)
    assert notes.send("GET", f"/v1/notes/imports/{job['id']}", as_="stranger").status_code == 404
    answer = imports.send(f"customer id,email,text\n{ada},,x\n,ada@example.com,y\n", as_="stranger")
    for _ in range(4):
        imports.work(seconds=11)
    told = notes.send("GET", f"/v1/notes/imports/{answer.json['id']}", as_="stranger").json or {}
    assert counts(told) == (0, 0, 0, 2)
    assert [note["text"] for note in notes.of(ada)] == ["x"]
