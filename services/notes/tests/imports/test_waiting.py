"""Customers who are on the way here are waited for; those who were anonymized are not brought back."""

from __future__ import annotations

from sqlalchemy import text

from servicekit.db.database import Database
from servicekit.ids import new_id
from services.notes.tests.conftest import Notes, told
from services.notes.tests.imports.conftest import Imports, counts

HEAD = "Note ID,Email,Text\n"


def test_rows_wait_until_their_customers_are_known(imports: Imports, notes: Notes) -> None:
    ids = [new_id("cus"), new_id("cus")]  # made before the file was sent, and not told of yet
    job = imports.send(f"{HEAD}1,anna@example.com,a\n2,bo@example.com,b\n").json
    imports.work()
    waiting = imports.read(job["id"])
    assert (waiting["status"], waiting["awaits"], waiting["rows"]["done"]) == ("running", "customers", 0)
    notes.hear(told("created", ids[0], 1, email="anna@example.com"))
    for _ in range(5):
        imports.work(seconds=1.5)
    assert imports.read(job["id"])["rows"]["done"] == 0
    notes.hear(told("created", ids[1], 1, email="bo@example.com"))
    imports.work(seconds=1)
    done = imports.read(job["id"])
    assert (done["status"], done["awaits"], counts(done)) == ("finished", None, (2, 0, 0, 0))
    assert [note["text"] for note in notes.of(ids[0])] == ["a"]


def test_when_nobody_new_comes_they_are_refused(imports: Imports, ada: str) -> None:
    job = imports.send(f"{HEAD}1,nobody@example.com,a\n2,ada@example.com,b\n").json
    imports.work()
    imports.work(seconds=9)
    assert imports.read(job["id"])["rows"]["done"] == 0
    imports.work(seconds=2)
    done = imports.read(job["id"])
    assert (done["status"], counts(done)) == ("finished", (1, 0, 0, 1))
    assert imports.rejects(done) == [("2", "Email", "No customer is known by this. Import the customers first.")]


def test_who_was_anonymized_while_the_file_waits_is_not_brought_back(imports: Imports, notes: Notes) -> None:
    anna = notes.customer(email="anna@example.com", external_ids=[{"source": "publisher", "id": "C-1"}])
    job = imports.send(
        "email,customer_external_id,customer,text,flags\nAnna@example.com,,,SECRET,\n,C-1,,SECRET,\n"
        f",,{anna},SECRET,\nanna@example.com,,,SECRET,unknown flag\nanna@example.com,,,SECRET {'x' * 2_500},\n"
    ).json
    notes.hear(told("anonymized", anna, 9, status="anonymized"))
    for _ in range(4):
        imports.work(seconds=11)
    assert counts(imports.read(job["id"])) == (0, 0, 0, 5)
    file = imports.rejects_file(imports.read(job["id"]))
    assert "SECRET" not in file
    assert file.count("The customer was anonymized.") == 5
    assert notes.of(anna) == []


def test_anonymizing_erases_notes_rows_and_digests(
    imports: Imports, notes: Notes, ada: str, system_database: Database, database: Database
) -> None:
    long = "x" * 2_500
    rows = f"CANARY-1,ada@example.com,CANARY text\nCANARY-2,ada@example.com,CANARY {long}\nKEPT-1,bo@example.com,kept\n"
    job = imports.run(HEAD + rows)
    assert counts(job) == (1, 0, 0, 2)
    notes.hear(told("anonymized", ada, 9, status="anonymized"))
    file = imports.rejects_file(job)
    assert "CANARY" not in file
    assert "ada@example.com" not in file
    assert "KEPT-1" in file
    (note,) = notes.of(ada)
    assert (note["text"], note["author"]["kind"]) == (None, "staff")
    with database.transaction("pub_a") as session:
        assert session.execute(text("SELECT * FROM note_import_row")).all() == []
    assert counts(imports.run(HEAD + rows, name="again")) == (0, 0, 0, 3)
    assert [each["text"] for each in notes.of(ada)] == [None]


def test_a_deleted_note_leaves_nothing_of_what_it_said(
    imports: Imports, notes: Notes, ada: str, database: Database
) -> None:
    imports.run(f"{HEAD}1,ada@example.com,gone\n")
    notes.send("DELETE", f"/v1/notes/{notes.of(ada)[0]['id']}", as_="owner")
    with database.transaction("pub_a") as session:
        kept = session.execute(text("SELECT external_id, digest FROM note_import_row")).one()
    assert tuple(kept) == ("1", None)


def test_a_person_written_of_while_a_batch_is_worked_on_is_counted_once(
    imports: Imports, notes: Notes, ada: str
) -> None:
    notes.add(ada, "before", flags=["vip"])
    rows = "".join(f"{number},ada@example.com,n{number}\n" for number in range(1_200))
    assert counts(imports.run(HEAD + rows)) == (1_200, 0, 0, 0)
    notes.add(ada, "after", flags=["vip"])
    summary = notes.summary(ada)
    assert (summary["notes_count"], summary["flags"]) == (1_202, ["vip"])
