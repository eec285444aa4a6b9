"""Whom a row is about: by external ID, else by email address, else by the import's name and the row's number."""

from __future__ import annotations

import pytest

from services.customers.tests.conftest import Api
from services.customers.tests.imports.conftest import Imports, counts


def reasons(imports: Imports, job_id: str) -> list[tuple[str, str, str]]:
    return [(row["row"], row["column"], row["reason"]) for row in imports.rejects(job_id)]


def test_by_external_id_whatever_else_has_changed(imports: Imports, api: Api) -> None:
    anna = api.create(email="anna@example.com", external_ids=[{"id": "C-1"}])
    job = imports.run("external_id,email\nC-1,new@example.com\n")
    assert counts(job) == (0, 1, 0, 0)
    assert imports.customers()[0]["id"] == anna["id"]
    assert imports.customers()[0]["email"] == "new@example.com"


def test_an_external_id_of_another_source_is_another(imports: Imports, api: Api) -> None:
    api.create(external_ids=[{"id": "C-1"}])
    job = imports.run("external_id,external_id_source\nC-1,erp\n")
    assert counts(job) == (1, 0, 0, 0)


def test_a_row_with_an_id_takes_over_whoever_has_its_address_and_no_such_id(imports: Imports, api: Api) -> None:
    anna = api.create(email="anna@example.com", external_ids=[{"source": "stripe", "id": "cus_1"}])
    job = imports.run("external_id,email,city\nC-1,ANNA@example.com,Ulm\n")
    assert counts(job) == (0, 1, 0, 0)
    (now,) = imports.customers()
    assert now["id"] == anna["id"]
    assert now["external_ids"] == [{"source": "stripe", "id": "cus_1"}, {"source": "publisher", "id": "C-1"}]
    assert counts(imports.run("external_id,email\nC-1,\n", name="x")) == (0, 0, 1, 0)


def test_an_address_of_a_customer_with_another_id_is_refused(imports: Imports, api: Api) -> None:
    api.create(email="anna@example.com", external_ids=[{"id": "C-1"}])
    job = imports.run("external_id,E-Mail\nC-2,anna@example.com\n")
    assert counts(job) == (0, 0, 0, 1)
    assert reasons(imports, job["id"]) == [("2", "E-Mail", "Already another customer's, who has another external ID.")]


def test_an_address_of_another_customer_is_refused(imports: Imports, api: Api) -> None:
    api.create(email="anna@example.com", external_ids=[{"id": "C-1"}])
    api.create(email="bo@example.com", external_ids=[{"id": "C-2"}])
    job = imports.run("external_id,email\nC-1,bo@example.com\n")
    assert reasons(imports, job["id"]) == [("2", "email", "Already another customer's.")]


def test_ids_of_two_customers_in_one_row_are_refused(imports: Imports, api: Api) -> None:
    api.create(external_ids=[{"id": "C-1"}])
    api.create(external_ids=[{"source": "crm", "id": "7"}])
    job = imports.run("external_id,CRM\nC-1,7\n", map="CRM=external_ids.crm")
    assert reasons(imports, job["id"])[0][2] == "The row's external IDs are different customers'."


def test_another_id_of_the_same_source_is_refused(imports: Imports, api: Api) -> None:
    api.create(external_ids=[{"id": "C-1"}, {"source": "crm", "id": "7"}])
    job = imports.run("external_id,CRM\nC-1,8\n", map="CRM=external_ids.crm")
    assert reasons(imports, job["id"]) == [("2", "CRM", "The customer has another external ID of the same source.")]


def test_without_an_id_by_address(imports: Imports, api: Api) -> None:
    anna = api.create(email="Anna@example.com", external_ids=[{"id": "C-1"}])
    job = imports.run("email,city\nanna@example.com,Ulm\n")
    assert counts(job) == (0, 1, 0, 0)
    assert imports.customers()[0]["id"] == anna["id"]


def test_a_customer_who_has_a_new_address_since_is_known_by_the_row(imports: Imports, api: Api) -> None:
    imports.run("email,city\na@example.com,Ulm\nb@example.com,Bonn\n", name="n")
    a = imports.by_email()["a@example.com"]
    api.edit(a["id"], email="changed@example.com")

    job = imports.run("email,city\na@example.com,Ulm\nb@example.com,Bonn\n", name="n")

    assert counts(job) == (0, 1, 1, 0)
    assert imports.by_email()["a@example.com"]["id"] == a["id"]


def test_another_name_does_not_know_the_row(imports: Imports, api: Api) -> None:
    imports.run("email\na@example.com\n", name="n")
    api.edit(imports.customers()[0]["id"], email="changed@example.com")
    assert counts(imports.run("email\na@example.com\n", name="m")) == (1, 0, 0, 0)


def test_a_corrected_address_of_the_same_person_in_the_same_row_is_no_new_customer(imports: Imports) -> None:
    imports.run("email,first_name,last_name\nana@example.com,Anna,Müller\n", name="n")
    job = imports.run("email,first_name,last_name\nanna@example.com,Anna,Müller\n", name="n")
    assert counts(job) == (0, 1, 0, 0)
    assert [customer["email"] for customer in imports.customers()] == ["anna@example.com"]


def test_a_row_put_in_before_makes_nobody_someone_else(imports: Imports) -> None:
    imports.run("email,last_name\na@example.com,A\nb@example.com,B\n", name="n")
    before = imports.by_email()
    job = imports.run("email,last_name\nx@example.com,X\na@example.com,A\nb@example.com,B\n", name="n")
    assert counts(job) == (1, 0, 2, 0)
    after = imports.by_email()
    assert {email: after[email] for email in before} == before


def test_rows_with_neither_are_known_by_name_and_number(imports: Imports, api: Api) -> None:
    job = imports.run('{"city": "Ulm", "last_name": "A"}\n\n{"city": "Bonn"}\n', name="addresses")
    assert counts(job) == (2, 0, 0, 0)
    assert [customer["external_ids"] for customer in imports.customers()] == [
        [{"source": "import", "id": "addresses#1"}], [{"source": "import", "id": "addresses#3"}]
    ]  # fmt: skip
    assert api.edit(imports.customers()[0]["id"], city=None).status_code == 422
    assert api.edit(imports.customers()[0]["id"], last_name="B").status_code == 200

    again = imports.run('{"city": "Ulm", "last_name": "A"}\n\n{"city": "Köln"}\n', name="addresses")
    assert counts(again) == (0, 2, 0, 0)
    assert [customer["address"]["city"] for customer in imports.customers()] == ["Ulm", "Köln"]


def test_without_a_name_the_import_is_its_own(imports: Imports) -> None:
    first = imports.run("city\nUlm\n")
    second = imports.run("city\nUlm\n")
    assert (first["name"], second["name"]) == (first["id"], second["id"])
    assert len(imports.customers()) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("external_id,city\n1,A\n2,B\n1,C\n", [("4", "external_id", "The same as in row 2 of this file.")]),
        ("email,city\na@x.org,A\nA@X.org,B\n", [("3", "email", "The same as in row 2 of this file.")]),
        (
            "external_id,email\n1,a@x.org\n2,a@x.org\n1,a@x.org\n",
            [
                ("3", "email", "The same as in row 2 of this file."),
                (
                    "4",
                    "email; external_id",
                    "email: The same as in row 2 of this file. external_id: The same as in row 2 of this file.",
                ),
            ],
        ),
    ],
)
def test_the_same_twice_in_a_file(imports: Imports, content: str, expected: list[tuple[str, str, str]]) -> None:
    job = imports.run(content)
    assert reasons(imports, job["id"]) == expected
    assert len(imports.customers()) == job["rows"]["created"]


def test_the_same_twice_far_apart(imports: Imports) -> None:
    rows = "".join(f"{number}\n" for number in range(1200))
    job = imports.run(f"external_id\n{rows}7\n")
    assert counts(job) == (1200, 0, 0, 1)
    assert reasons(imports, job["id"]) == [("1202", "external_id", "The same as in row 9 of this file.")]


def test_a_bad_row_does_not_stand_in_the_way_of_a_good_one(imports: Imports) -> None:
    job = imports.run("external_id,country\n1,Atlantis\n1,DE\n")
    assert counts(job) == (1, 0, 0, 1)


def test_addresses_that_move_within_a_file(imports: Imports) -> None:
    imports.run("external_id,email\n1,a@x.org\n2,b@x.org\n3,c@x.org\n")
    job = imports.run("external_id,email\n1,new@x.org\n2,a@x.org\n4,b@x.org\n3,a@x.org\n")
    assert counts(job) == (1, 2, 0, 1)
    assert {c["external_ids"][0]["id"]: c["email"] for c in imports.customers()} == {
        "1": "new@x.org", "2": "a@x.org", "3": "c@x.org", "4": "b@x.org"
    }  # fmt: skip


def test_an_anonymized_customer_is_not_filled_again(imports: Imports, api: Api) -> None:
    imports.run("external_id,last_name\n1,A\n")
    first = imports.customers()[0]["id"]
    api.send("POST", f"/v1/customers/{first}/anonymize", {})
    assert counts(imports.run("external_id,last_name\n1,A\n")) == (1, 0, 0, 0)
    old, new = imports.customers()
    assert (old["id"], old["status"], new["last_name"]) == (first, "anonymized", "A")
