"""The audit log (R2): every read of a customer and every action, in the request's own transaction, IDs only."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from servicekit.audit import entries
from servicekit.db.database import Database
from services.customers.tests.conftest import Api

Told = list[tuple[str, str | None, str]]


def told(database: Database, publisher_id: str = "pub_a") -> Told:
    """Action, subject and outcome of each entry, oldest first."""
    with database.transaction(publisher_id) as session:
        found = entries(session, publisher_id=publisher_id)
    return [(entry.action, entry.subject, entry.outcome) for entry in reversed(found)]


def test_reads_and_actions_are_there_with_who_and_when(api: Api, database: Database) -> None:
    customer_id = api.create(email="anna@example.com")["id"]
    path = f"/v1/customers/{customer_id}"
    read = api.send("GET", path, headers={"X-Request-Id": "mine"})
    api.edit(customer_id, last_name="Müller")
    api.send("GET", f"{path}/changes")
    api.send("POST", f"{path}/logins", {})
    api.send("GET", "/v1/customers?email=anna@example.com")
    api.send("POST", f"{path}/anonymize", {})

    assert read.status_code == 200
    assert told(database) == [
        ("customers.customer.created", customer_id, "done"),
        ("customers.customer.read", customer_id, "done"),
        ("customers.customer.edited", customer_id, "done"),
        ("customers.history.read", customer_id, "done"),
        ("customers.login.recorded", customer_id, "done"),
        ("customers.customer.listed", None, "done"),
        ("customers.customer.anonymized", customer_id, "done"),
    ]
    with database.transaction("pub_a") as session:
        entry = entries(session, publisher_id="pub_a", subject=customer_id)[-2]
    assert (entry.action, entry.actor_kind, entry.actor_id, entry.request_id) == (
        "customers.customer.read",
        "api_key",
        "key_pub_a",
        "mine",
    )


def test_what_does_not_happen_leaves_nothing(api: Api, database: Database) -> None:
    customer = api.create(email="anna@example.com")
    before = told(database)
    stale = {"If-Match": '"99"'}
    assert api.send("PATCH", f"/v1/customers/{customer['id']}", {}, headers=stale).status_code == 412
    assert api.send("POST", "/v1/customers", {"email": "anna@example.com"}).status_code == 409
    assert api.send("POST", "/v1/customers", {"email": "nobody"}).status_code == 422
    assert api.send("GET", "/v1/customers/cus_06h5yvkg1scm7h3b8k5rqt2xzw").status_code == 404
    assert api.send("GET", f"/v1/customers/{customer['id']}", as_="b").status_code == 404
    assert told(database) == before
    assert told(database, "pub_b") == []


def test_who_has_not_the_right_is_there_as_refused(api: Api, database: Database) -> None:
    customer_id = api.create(email="anna@example.com")["id"]
    before = told(database)
    assert api.send("POST", f"/v1/customers/{customer_id}/anonymize", {}, as_="reader").status_code == 403
    assert api.send("GET", "/v1/customers?email=anna@example.com", as_="masked").status_code == 403
    assert api.send("POST", "/v1/customers/Anna/anonymize", {}, as_="reader").status_code == 403
    assert told(database)[len(before) :] == [
        ("customers.customer.anonymized", customer_id, "refused"),
        ("customers.customer.listed", None, "refused"),
        ("customers.customer.anonymized", None, "refused"),
    ]


def test_a_repeated_request_is_told_from_the_first(api: Api, database: Database) -> None:
    for _ in range(2):
        api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers={"Idempotency-Key": "k"})
    assert [outcome for _action, _subject, outcome in told(database)] == ["done", "repeated"]


def test_an_import_is_there_by_its_id(api: Api, database: Database) -> None:
    csv = {"Content-Type": "text/csv"}
    sent = api.send("POST", "/v1/customers/imports", raw=b"email\na@example.com\n", headers=csv)
    import_id = (sent.json or {})["id"]
    api.send("GET", f"/v1/customers/imports/{import_id}/rejects")
    assert told(database) == [
        ("customers.import.started", import_id, "done"),
        ("customers.rejects.read", import_id, "done"),
    ]


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET actor_id = 'x'", "DELETE FROM audit_entry"])
def test_nobody_changes_it(api: Api, database: Database, statement: str) -> None:
    api.create(email="anna@example.com")
    with pytest.raises(ProgrammingError, match="permission denied"), database.transaction("pub_a") as session:
        session.execute(text(statement))


def test_each_publisher_has_its_own(api: Api, database: Database) -> None:
    api.create(email="anna@example.com")
    with database.transaction("pub_b") as session:
        assert session.scalar(text("SELECT count(*) FROM audit_entry")) == 0


def test_nothing_of_a_person_is_in_it(api: Api, database: Database) -> None:
    canary: dict[str, Any] = {"email": "canary@example.com", "first_name": "Canary", "external_ids": [{"id": "Canary"}]}
    customer_id = api.create(**canary)["id"]
    api.edit(customer_id, last_name="Canary")
    for query in ("email=canary@example.com", "external_id=Canary"):
        api.send("GET", f"/v1/customers?{query}")
        api.send("GET", f"/v1/customers?{query}", as_="masked")
    with database.transaction("pub_a") as session:
        kept = session.scalars(text("SELECT CAST(audit_entry AS text) FROM audit_entry")).all()
    assert len(kept) == 6
    assert "canary" not in "".join(kept).lower()
