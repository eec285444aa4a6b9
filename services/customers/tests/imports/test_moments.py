"""When an account began and when its owner last logged in come with the row."""

from __future__ import annotations

from servicekit.db.database import Database
from services.customers.tests.conftest import Api, outbox_of
from services.customers.tests.imports.conftest import Imports, counts


def test_a_later_login_is_a_login_and_no_edit(imports: Imports, api: Api, system_database: Database) -> None:
    imports.run("external_id,last_login_at\n1,2024-01-01\n")
    (customer,) = imports.customers()
    job = imports.run("external_id,last_login_at\n1,2024-02-01 10:00\n")

    assert counts(job) == (0, 1, 0, 0)
    answer = api.send("GET", f"/v1/customers/{customer['id']}")
    assert (answer.json or {})["last_login_at"] == "2024-02-01T10:00:00.000000Z"
    assert ((answer.json or {})["version"], answer.headers["ETag"]) == (2, '"1"')
    event = outbox_of(system_database)[-1]
    assert event.type == "customers.customer.logged_in.v1"
    assert event.data["login"]["at"] == "2024-02-01T10:00:00.000000Z"
    again = api.send("POST", f"/v1/customers/{customer['id']}/logins", {"at": "2024-02-01T10:00:00Z"})
    assert (again.json or {})["id"] == event.data["login"]["id"]
    assert len(imports.changes(customer["id"])) == 1


def test_an_earlier_login_changes_nothing(imports: Imports) -> None:
    imports.run("external_id,last_login_at\n1,2024-02-01\n")
    assert counts(imports.run("external_id,last_login_at\n1,2024-01-01\n")) == (0, 0, 1, 0)


def test_when_the_account_began_can_be_corrected_and_is_in_the_history(imports: Imports) -> None:
    imports.run("external_id,registered_at\n1,2024-02-01\n")
    job = imports.run("external_id,registered_at\n1,2020-01-31 12:34\n")
    assert counts(job) == (0, 1, 0, 0)
    (customer,) = imports.customers()
    assert customer["registered_at"] == "2020-01-31T12:34:00.000000Z"
    assert imports.changes(customer["id"])[0]["fields"] == [
        {"field": "registered_at", "old": "2024-02-01T00:00:00.000000Z", "new": "2020-01-31T12:34:00.000000Z"}
    ]


def test_without_one_the_account_begins_with_the_import_and_stays_so(imports: Imports) -> None:
    imports.run("external_id\n1\n", name="n")
    began = imports.customers()[0]["registered_at"]
    assert counts(imports.run("external_id\n1\n", name="n")) == (0, 0, 1, 0)
    assert imports.customers()[0]["registered_at"] == began
