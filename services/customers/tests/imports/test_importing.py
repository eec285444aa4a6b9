"""Good rows become customers, as if each had been created or edited over the API."""

from __future__ import annotations

from servicekit.db.database import Database
from services.customers.tests.conftest import Api, outbox_of
from services.customers.tests.imports.conftest import Imports, counts

TWO = (
    "external_id,email,first_name,last_name,line1,city,postal_code,country,birthdate,registered_at,last_login_at\n"
    "C-1,anna@example.com,Anna,Müller,Invalidenstraße 116,Berlin,10115,DE,1985-03-12,2020-01-31 12:34,2024-05-06\n"
    "C-2,bo@example.com,Bo,,,,,SE,,,\n"
)


def test_rows_become_customers_with_history_and_events(imports: Imports, system_database: Database) -> None:
    job = imports.run(TWO, name="first")

    assert (job["status"], counts(job)) == ("finished", (2, 0, 0, 0))
    anna, bo = imports.customers()
    assert anna["address"] == {
        "line1": "Invalidenstraße 116", "line2": None, "city": "Berlin", "state": None, "postal_code": "10115",
        "country": "DE",
    }  # fmt: skip
    assert anna["external_ids"] == [{"source": "publisher", "id": "C-1"}]
    assert (anna["registered_at"], anna["last_login_at"]) == (
        "2020-01-31T12:34:00.000000Z",
        "2024-05-06T00:00:00.000000Z",
    )
    assert (bo["country"], bo["address"], bo["version"]) == ("SE", None, 1)
    (entry,) = imports.changes(anna["id"])
    assert (entry["action"], entry["editor"]["name"]) == ("imported", "Key of A")
    assert {"field": "email", "old": None, "new": "anna@example.com"} in entry["fields"]
    events = outbox_of(system_database)
    assert [event.type for event in events] == ["customers.customer.created.v1"] * 2
    assert [event.data for event in events] == [{**anna, "imported": True}, {**bo, "imported": True}]


def test_running_it_again_changes_nothing(imports: Imports, system_database: Database) -> None:
    imports.run(TWO, name="first")
    before, events = imports.customers(), len(outbox_of(system_database))

    job = imports.run(TWO, name="first")

    assert counts(job) == (0, 0, 2, 0)
    assert imports.customers() == before
    assert len(outbox_of(system_database)) == events


def test_a_row_changes_what_it_says_and_nothing_else(imports: Imports, api: Api, system_database: Database) -> None:
    imports.run(TWO)
    job = imports.run("external_id,email,last_name,city,country,currency\nC-1,,Schmidt,,,EUR\nC-2,,,Malmö,,\n")

    assert counts(job) == (0, 2, 0, 0)
    anna, bo = imports.customers()
    assert (anna["last_name"], anna["first_name"], anna["currency"], anna["version"]) == ("Schmidt", "Anna", "EUR", 2)
    assert anna["address"]["city"] == "Berlin"
    assert bo["address"]["city"] == "Malmö"
    assert imports.changes(anna["id"])[0]["fields"] == [
        {"field": "last_name", "old": "Müller", "new": "Schmidt"},
        {"field": "currency", "old": None, "new": "EUR"},
    ]
    assert outbox_of(system_database)[-1].type == "customers.customer.edited.v1"
    assert api.send("GET", f"/v1/customers/{anna['id']}").headers["ETag"] == '"2"'
