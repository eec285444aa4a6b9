"""Rejected rows: fetched with row, column and reason, corrected, and imported again."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import time_machine

from servicekit import clock
from services.customers.tests.conftest import Api
from services.customers.tests.imports.conftest import PATH, Imports, counts

BAD = (
    "External ID,Email,Last Name,Country,Birthdate,Phone\n"
    "1,a@example.com,A,DE,1985-03-12,\n"
    "2,nobody,=1+1,DE,1985-03-12,+49 30 123456\n"
    "3,c@example.com,C,Atlantis,2999-01-01,\n"
    "4,d@example.com,\xff,DE,,\n"
    "1,a@example.com,A,DE,,\n"
    "6,f@example.com,F\n"
    '7,g@example.com,"G,DE,,\n'
    "8,h@example.com,H,DE,,\n"
)


def test_each_bad_row_has_its_number_column_and_reason_and_the_others_go_in(imports: Imports) -> None:
    job = imports.run(BAD.encode("latin-1"))

    assert counts(job) == (2, 0, 0, 6)
    told = [(row["row"], row["column"]) for row in imports.rejects(job["id"])]
    assert told == [
        ("3", "Email"),
        ("4", "Country; Birthdate"),
        ("5", ""),
        ("6", "Email; External ID"),
        ("7", ""),
        ("8", ""),
    ]
    reasons = [row["reason"] for row in imports.rejects(job["id"])]
    assert reasons[0].startswith("Not a valid email address: An email address must have an @-sign.")
    assert "Country: Not a country's two-letter code (ISO 3166-1), such as DE." in reasons[1]
    assert reasons[2].startswith("Not UTF-8: byte 17 of the row.")
    assert reasons[4] == "It has 3 cells, the heading has 6."
    assert reasons[5].startswith("A quote is opened and not closed")


def test_the_file_corrected_goes_in(imports: Imports) -> None:
    job = imports.run(BAD.encode("latin-1"))
    rows = imports.rejects(job["id"])
    rows[0] |= {"Email": "b@example.com"}
    rows[1] |= {"Country": "France", "Birthdate": "1999-01-01"}
    written = io.StringIO()
    file = csv.DictWriter(written, list(rows[0]), delimiter=";")
    file.writeheader()
    file.writerows(rows[:2])

    again = imports.run(written.getvalue())

    assert counts(again) == (2, 0, 0, 0)
    b = imports.by_email()["b@example.com"]
    assert (b["last_name"], b["phone"]) == ("=1+1", "+49 30 123456")


def test_no_cell_is_a_formula(imports: Imports) -> None:
    job = imports.run('email,last_name\n"=cmd|x",+1\n-2,@SUM\n')
    answer = imports.api.send("GET", f"{PATH}/{job['id']}/rejects")
    cells = [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    assert [row[3:] for row in csv.reader(io.StringIO(answer.text))][1:] == [["'=cmd|x", "'+1"], ["'-2", "'@SUM"]]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="rejects-{job["id"]}.csv"'


def test_objects_are_rejected_as_objects_and_go_in_corrected(imports: Imports) -> None:
    job = imports.run('{"email": "a@example.com"}\n{"email": "x", "address": {"city": "Ulm"}}\n{"email": \n')
    assert counts(job) == (1, 0, 0, 2)
    first, second = imports.rejects(job["id"])
    assert (first["row"], first["column"], first["address"]) == (2, "email", {"city": "Ulm"})
    assert (second["row"], second["original"]) == (3, '{"email": ')
    again = imports.run(json.dumps({**first, "email": "b@example.com"}))
    assert counts(again) == (1, 0, 0, 0)


def test_columns_of_the_same_names_as_the_remarks_come_back_and_go_in_corrected(imports: Imports) -> None:
    wish = {"map": ["reason=attributes.reason", "row=attributes.row"]}
    job = imports.run("row,reason,email\n7,moved,nobody\n", **wish)
    (row,) = imports.rejects(job["id"])
    assert row == {
        "rejected_row": "2", "rejected_column": "email", "rejected_reason": row["rejected_reason"],
        "row": "7", "reason": "moved", "email": "nobody",
    }  # fmt: skip

    again = imports.run(f"{','.join(row)}\n2,email,,7,moved,a@example.com\n3,email,,8,stayed,no one\n", **wish)

    assert counts(again) == (1, 0, 0, 1)
    assert imports.by_email()["a@example.com"]["attributes"] == {"reason": "moved", "row": "7"}
    assert list(imports.rejects(again["id"])[0]) == list(row), "what was said of the rows before is not said again"


def test_keys_of_the_same_names_as_the_remarks_come_back(imports: Imports) -> None:
    wish = {"map": ["reason=attributes.reason"]}
    job = imports.run('{"reason": "moved", "email": "nobody"}\n', **wish)
    (row,) = imports.rejects(job["id"])
    assert (row["rejected_row"], row["rejected_column"], row["reason"]) == (1, "email", "moved")
    again = imports.run(json.dumps({**row, "email": "a@example.com"}), **wish)
    assert counts(again) == (1, 0, 0, 0)
    assert imports.by_email()["a@example.com"]["attributes"] == {"reason": "moved"}


def test_rows_rejected_again_have_their_remarks_once(imports: Imports) -> None:
    job = imports.run("row,column,reason,email\n2,email,Not valid.,nobody\n")
    assert [list(row) for row in imports.rejects(job["id"])] == [["row", "column", "reason", "email"]]


def test_many_are_fetched_page_by_page(imports: Imports) -> None:
    job = imports.run("email\n" + "nobody\n" * 1201)
    assert [row["row"] for row in imports.rejects(job["id"])] == [str(number) for number in range(2, 1203)]


def test_they_are_deleted_after_their_time(imports: Imports) -> None:
    job = imports.run("email\nnobody\n")
    with time_machine.travel(clock.now() + timedelta(days=29)):
        imports.importer._swept_at = float("-inf")
        imports.work()
        assert len(imports.rejects(job["id"])) == 1
    with time_machine.travel(clock.now() + timedelta(days=31)):
        imports.importer._swept_at = float("-inf")
        imports.work()
    assert imports.rejects(job["id"]) == []
    assert imports.read(job["id"])["rows"]["rejected"] == 1


def test_anonymizing_blanks_the_rows_that_speak_of_the_person(imports: Imports, api: Api) -> None:
    imports.run("external_id,email\nC-1,anna@example.com\n")
    (anna,) = imports.customers()
    job = imports.run(
        "external_id,email,city\nC-1,nobody,CANARY1\nc-1,,CANARY2,\nC-2,Anna@Example.com,CANARY3\n"
        'C-3,"anna@example.com,CANARY4\nC-3,nobody,kept\nC-11,nobody,kept\n',
        set="birthdate=1985-03-12", name="x",
    )  # fmt: skip
    objects = imports.run(
        '{"external_id": "C-1", "email": "x", "address": {"city": "CANARY5"}}\n{"email": "anna@example.com", CANARY6'
    )
    assert counts(job)[3] == 5
    assert counts(objects)[3] == 2

    api.send("POST", f"/v1/customers/{anna['id']}/anonymize", {})

    shown = str(imports.rejects(job["id"])) + str(imports.rejects(objects["id"]))
    assert "CANARY" not in shown.replace("CANARY2", "")
    assert "anna@example.com" not in shown.lower()
    assert shown.count("kept") == 2
    assert "The person was anonymized: the row is gone." in shown
