"""Customers who were imported just before may still be on their way: their rows wait for them, and not for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from servicekit import clock
from servicekit.db.database import Database
from servicekit.ids import new_id
from services.billing.erasure import erase_customer
from services.billing.tests.conftest import Api
from services.billing.tests.imports.conftest import Imports, counts

HEAD = "Order ID,Email,Date,Amount,Currency\n"


def _row(number: int, email: str) -> str:
    return f"A-{number},{email},2024-01-01,5,EUR\n"


def test_rows_wait_until_their_customers_are_known(imports: Imports, api: Api) -> None:
    ids = [new_id("cus"), new_id("cus")]  # made before the file was sent, and not told of yet
    job = imports.send("transactions", HEAD + _row(1, "anna@example.com") + _row(2, "bo@example.com")).json
    imports.work()
    waiting = imports.read(job["id"])
    assert (waiting["status"], waiting["awaits"], waiting["rows"]["done"]) == ("running", "customers", 0)
    anna = imports.customer("anna@example.com", customer_id=ids[0])
    for _ in range(5):
        imports.work(seconds=1.5)
    assert imports.read(job["id"])["rows"]["done"] == 0
    imports.customer("bo@example.com", customer_id=ids[1])
    imports.work(seconds=1)
    done = imports.read(job["id"])
    assert (done["status"], done["awaits"], counts(done)) == ("finished", None, (2, 0, 0, 0))
    assert api.account(anna)["transactions_count"] == 1


def test_when_nobody_new_comes_they_are_refused_and_no_further_row_waits(imports: Imports) -> None:
    imports.customer("anna@example.com")
    rows = "".join(_row(number, f"nobody{number}@example.com") for number in range(1100))
    job = imports.send("transactions", HEAD + rows + _row(9999, "anna@example.com")).json
    imports.work()
    imports.work(seconds=9)
    assert imports.read(job["id"])["rows"]["done"] == 0
    imports.work(seconds=2)
    done = imports.read(job["id"])
    assert (done["status"], counts(done)) == ("finished", (1, 0, 0, 1100))
    assert imports.rejects(done)[0][1:] == ("Email", "No customer is known by this. Import the customers first.")


def test_who_is_known_and_made_later_tells_that_the_others_are_not_on_their_way(imports: Imports) -> None:
    job = imports.send("transactions", HEAD + _row(1, "nobody@example.com")).json
    imports.customer("later@example.com")  # made after the file came
    imports.work()
    imports.work(seconds=1)
    assert imports.read(job["id"])["status"] == "running"
    imports.work(seconds=2)
    assert counts(imports.read(job["id"])) == (0, 0, 0, 1)


def test_a_wait_leaves_turns_to_others(imports: Imports, api: Api) -> None:
    imports.send("transactions", HEAD + _row(1, "nobody@example.com"))
    api.customer(publisher_id="pub_b", customer_id=None, email="bo@example.com")
    headers = {"Authorization": "Bearer b", "Content-Type": "text/csv"}
    path = "/v1/billing/imports?kind=transactions"
    other = api.app.test_client().post(path, data=HEAD + _row(1, "bo@example.com"), headers=headers)
    imports.work()
    assert (api.send("GET", f"imports/{(other.json or {})['id']}", as_="b").json or {})["status"] == "finished"


def _erase(database: Database, customer_id: str) -> None:
    with database.transaction("pub_a") as session:
        erase_customer(session, publisher_id="pub_a", customer_id=customer_id, version=9, now=clock.now())


def test_a_person_anonymized_while_the_file_waits_is_not_brought_back(imports: Imports, database: Database) -> None:
    anna = imports.customer("anna@example.com", publisher="C-1")
    job = imports.send(
        "transactions",
        "order id,email,customer_external_id,customer,date,amount,currency\n"
        f"SECRET-1,Anna@example.com,,,2024-01-01,5,EUR\nSECRET-2,,C-1,,2024-01-01,5,EUR\n"
        f"SECRET-3,,,{anna},2024-01-01,5,EUR\n",
    ).json
    _erase(database, anna)
    imports.work()
    for _ in range(3):
        imports.work(seconds=11)
    assert counts(imports.read(job["id"])) == (0, 0, 0, 3)
    answer = imports.api.send("GET", f"imports/{job['id']}/rejects").text
    assert "SECRET" not in answer
    assert "anonymized after the file was sent" in answer
    assert imports.api.account(anna)["transactions_count"] == 0


@pytest.mark.parametrize("kind", ["transactions", "subscriptions"])
def test_a_bad_row_about_somebody_anonymized_is_not_kept_either(
    imports: Imports, database: Database, kind: str
) -> None:
    anna = imports.customer("anna@example.com")
    file = {
        "transactions": "order id,email,date,amount,currency\nSECRET-1,anna@example.com,never,5,EUR\n",
        "subscriptions": "external_id,email,offer,status,current_period_end\nSECRET-1,anna@example.com,x,what,never\n",
    }
    job = imports.send(kind, file[kind]).json
    _erase(database, anna)
    for _ in range(4):
        imports.work(seconds=11)
    assert counts(imports.read(job["id"])) == (0, 0, 0, 1)
    answer = imports.api.send("GET", f"imports/{job['id']}/rejects").text
    assert "SECRET" not in answer
    assert "anonymized after the file was sent" in answer


def test_anonymizing_blanks_rejected_rows_that_speak_of_the_person(imports: Imports, database: Database) -> None:
    anna = imports.customer("anna@example.com", publisher="C-1")
    rows = "CANARY-1,anna@example.com,x,5,EUR\nKEPT-1,bo@example.com,x,5,EUR\nCANARY-2,,x,5,EUR,anna@example.com\n"
    job = imports.run("transactions", HEAD + rows)
    _erase(database, anna)
    answer = imports.api.send("GET", f"imports/{job['id']}/rejects").text
    assert "CANARY-1" not in answer
    assert "anna@example.com" not in answer
    assert "KEPT-1" in answer


def test_patience_ends(imports: Imports) -> None:
    """Whatever comes meanwhile."""
    job = imports.send("transactions", HEAD + _row(1, "nobody@example.com")).json
    imports.clock.ahead += timedelta(minutes=31)
    imports.work()
    assert counts(imports.read(job["id"])) == (0, 0, 0, 1)
