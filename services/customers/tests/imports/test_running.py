"""Dry runs, canceling, taking turns, and what happens when somebody else gets in between."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, text

from servicekit import clock
from servicekit.db.database import Database
from servicekit.imports import batches
from servicekit.imports.importer import Importer
from servicekit.imports.jobs import ABANDONED
from services.customers.imports import writing
from services.customers.imports.kinds import IMPORTS
from services.customers.imports.planning import Change
from services.customers.tests.conftest import Api, outbox_of
from services.customers.tests.imports.conftest import PATH, Imports, counts

FILE = "external_id,email,city\n1,a@example.com,Ulm\n2,b@example.com,Bonn\n3,nobody,Köln\n1,,\n"
MANY = "external_id,last_name\n" + "".join(f"{number},N{number}\n" for number in range(1700))


def _rows(database: Database, table: str, publisher: str = "pub_a") -> int:
    with database.transaction(publisher) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_dry_run_tells_what_would_happen_and_changes_nothing(
    imports: Imports, api: Api, database: Database, system_database: Database
) -> None:
    anna = api.create(email="old@example.com", external_ids=[{"id": "1"}])
    events = len(outbox_of(system_database))

    dry = imports.run(FILE, dry_run="true", name="n")

    assert (dry["dry_run"], counts(dry)) == (True, (1, 1, 0, 2))
    assert imports.customers() == [anna]
    assert (len(outbox_of(system_database)), _rows(database, "customer_change")) == (events, 1)
    assert _rows(database, "customer_import_row") == 0
    rejects = imports.rejects(dry["id"])
    real = imports.run(FILE, name="n")
    assert counts(real) == counts(dry)
    assert imports.rejects(real["id"]) == rejects


def test_nothing_of_a_file_is_left_when_it_is_done(imports: Imports, database: Database) -> None:
    job = imports.send(MANY).json
    assert _rows(database, "customer_import_chunk") > 1
    imports.work()
    imports.importer._swept_at = float("-inf")
    imports.work()
    assert imports.read(job["id"])["status"] == "finished"
    assert _rows(database, "customer_import_chunk") == 0
    assert _rows(database, "customer_import_identity") == 0


def test_canceling_stops_between_batches_and_keeps_what_went_in(
    imports: Imports, api: Api, database: Database, system_database: Database
) -> None:
    job = imports.send(MANY).json
    Importer(IMPORTS, database, system_database, worker_id="short", slice_seconds=0).step()
    one_batch = Importer(IMPORTS, database, system_database, worker_id="short", slice_seconds=1e-9)
    one_batch.step()
    answer = api.send("POST", f"{PATH}/{job['id']}/cancel")
    assert (answer.status_code, (answer.json or {})["status"]) == (200, "canceled")
    assert api.send("POST", f"{PATH}/{job['id']}/cancel").json == answer.json
    imports.importer._swept_at = float("-inf")
    imports.work()
    assert counts(imports.read(job["id"])) == counts(answer.json or {})
    assert _rows(database, "customer") == (answer.json or {})["rows"]["created"]
    assert _rows(database, "customer_import_chunk") == 0


def test_what_has_ended_cannot_be_canceled(imports: Imports, api: Api) -> None:
    job = imports.run(FILE)
    answer = api.send("POST", f"{PATH}/{job['id']}/cancel")
    assert (answer.status_code, (answer.json or {})["code"]) == (409, "import_ended")


def test_a_file_whose_rest_never_comes_is_given_up(imports: Imports, database: Database) -> None:
    job = imports.send(MANY[:20_000], complete="false").json
    imports.work()
    assert imports.read(job["id"])["status"] == "receiving"
    with time_machine.travel(clock.now() + ABANDONED + timedelta(minutes=1)):
        imports.importer._swept_at = float("-inf")
        imports.work()
    assert imports.read(job["id"])["problem"]["code"] == "upload_abandoned"
    assert _rows(database, "customer_import_chunk") == 0
    assert imports.customers() == []


def test_a_publishers_imports_are_worked_in_their_order(
    imports: Imports, database: Database, system_database: Database
) -> None:
    imports.send("external_id,city\n1,first\n", name="n")
    imports.send("external_id,city\n1,second\n", name="n")
    for name in ("one", "two", "one", "two"):
        Importer(IMPORTS, database, system_database, worker_id=name, slice_seconds=1e-9).step()
    imports.work()
    assert imports.customers()[0]["address"]["city"] == "second"


def test_a_large_import_leaves_turns_to_other_publishers(
    imports: Imports, database: Database, system_database: Database
) -> None:
    imports.send(MANY)
    other = imports.send("external_id\n1\n", as_="b").json
    importer = Importer(IMPORTS, database, system_database, worker_id="one", slice_seconds=1e-9)
    for _ in range(4):
        importer.step()
    assert _rows(database, "customer", "pub_b") == 1
    assert 0 < _rows(database, "customer") < 1700
    assert (imports.api.send("GET", f"{PATH}/{other['id']}", as_="b").json or {})["status"] == "finished"


def test_another_importer_goes_on_when_the_lease_is_over(
    imports: Imports, database: Database, system_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    job = imports.send(MANY).json
    dead = Importer(IMPORTS, database, system_database, worker_id="dead")
    with monkeypatch.context() as patched:
        patched.setattr(batches, "_advance", die)
        with pytest.raises(Killed):
            dead.step()
    imports.work()
    assert imports.read(job["id"])["rows"]["done"] == 0
    with system_database.transaction() as session:
        session.execute(text("UPDATE customer_import SET lease_until = now()"))
    imports.work()
    assert counts(imports.read(job["id"])) == (1700, 0, 0, 0)


def test_somebody_who_takes_an_address_meanwhile_costs_that_row_only(
    imports: Imports, api: Api, database: Database
) -> None:
    job = imports.send("external_id,email\n1,a@example.com\n2,b@example.com\n").json
    taken: list[bool] = []

    def take(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "INSERT INTO customer (" in statement and "json_populate" in statement and not taken:
            taken.append(True)
            api.create(email="b@example.com", external_ids=[{"id": "X"}])

    event.listen(database.engine, "before_cursor_execute", take)
    imports.work()
    event.remove(database.engine, "before_cursor_execute", take)

    assert counts(imports.read(job["id"])) == (1, 0, 0, 1)
    assert imports.rejects(job["id"])[0]["reason"] == "Already another customer's, who has another external ID."
    assert {c["email"] for c in imports.customers()} == {"a@example.com", "b@example.com"}


def test_a_row_that_cannot_be_stored_is_the_only_one_lost(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    made = writing._event

    def refuse(change: Change, now: datetime) -> Any:
        if change.customer.last_name == "Poison":
            raise ZeroDivisionError
        return made(change, now)

    monkeypatch.setattr(writing, "_event", refuse)
    job = imports.run("external_id,last_name\n1,A\n2,Poison\n3,C\n")
    assert counts(job) == (2, 0, 0, 1)
    (row,) = imports.rejects(job["id"])
    assert (row["row"], row["reason"][:29]) == ("3", "This row can't be stored, thr")


def test_a_defect_ends_the_import_and_not_the_process(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(batches, "unpack", defect)
    job = imports.run("external_id\n1\n")
    assert (job["status"], job["problem"]["code"]) == ("failed", "internal_error")


def test_a_person_anonymized_while_the_file_waits_does_not_come_back(
    imports: Imports, api: Api, database: Database
) -> None:
    anna = api.create(email="anna@example.com", external_ids=[{"id": "C-1"}], last_name="A")
    job = imports.send(
        "external_id,email,last_name,country\n"
        "C-1,,Again,\nC-9,ANNA@example.com,Again,\nC-1,,Again,Atlantis\nC-2,b@example.com,B,\n"
    ).json
    api.send("POST", f"/v1/customers/{anna['id']}/anonymize", {})
    imports.work()
    assert counts(imports.read(job["id"])) == (1, 0, 0, 3)
    assert [c["last_name"] for c in imports.customers()] == [None, "B"]
    for row in imports.rejects(job["id"]):
        assert row["last_name"] == ""
        assert row["reason"].startswith("The customer with this email address or external ID was anonymized")


def test_anonymizing_forgets_which_row_the_customer_was(imports: Imports, api: Api, database: Database) -> None:
    imports.run("email\nanna@example.com\n", name="n")
    assert _rows(database, "customer_import_row") == 1
    api.send("POST", f"/v1/customers/{imports.customers()[0]['id']}/anonymize", {})
    assert _rows(database, "customer_import_row") == 0
