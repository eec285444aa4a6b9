"""What ./accounts doctor says of a running installation, well and ill."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from embedded.doctor import examine_services
from embedded.installation import MIGRATIONS
from embedded.patient import Finding, Patient
from servicekit.parking import park
from tests.e2e.sold import sell
from tests.e2e.system import Api, System


@pytest.fixture
def patient(system: System) -> Patient:
    return Patient(
        {service: system.installation.urls(service) for service in MIGRATIONS},
        lambda _database: system.engine,
        patience=0.0,
    )


def _problems(patient: Patient) -> list[str]:
    return [finding.what for finding in examine_services(patient) if not finding.well]


@contextmanager
def _changed(system: System, database: str, do: str, undo: str) -> Iterator[None]:
    with system.assembly.databases[database].transaction() as session:
        session.execute(text(do))
    yield
    with system.assembly.databases[database].transaction() as session:
        session.execute(text(undo))


def test_a_well_one_is_told_so(system: System, api: Api, patient: Patient) -> None:
    api.anonymize(api.create(email="gone@example.com")["id"])
    api.create(email="here@example.com")
    system.drain()

    found = list(examine_services(patient))

    assert _problems(patient) == []
    assert any("every customer" in finding.what for finding in found)
    assert all(isinstance(finding, Finding) for finding in found)


def test_a_parked_message_is_told_with_what_to_do(system: System, patient: Patient) -> None:
    with system.assembly.databases["search.system"].transaction() as session:
        park(session, consumer="search", body=b"{}", reason="no event")
    try:
        (told,) = [finding for finding in examine_services(patient) if not finding.well]
        assert "1 messages could not be handled" in told.what
        assert "python -m services.search list-parked says which" in told.remedy
        assert "python -m services.search replay-parked" in told.remedy
        (at_home,) = [finding for finding in examine_services(replace(patient, is_embedded=True)) if not finding.well]
        assert "./accounts parked list" in at_home.remedy
        assert "./accounts parked replay" in at_home.remedy
    finally:
        with system.assembly.databases["search.system"].transaction() as session:
            session.execute(text("DELETE FROM parked_message"))


def test_an_event_that_no_queue_takes_is_told(system: System, api: Api, patient: Patient) -> None:
    api.create(email="unroutable@example.com")
    with _changed(
        system,
        "customers.system",
        "UPDATE outbox SET unroutable_since = now()",
        "UPDATE outbox SET unroutable_since = NULL",
    ):
        assert any("no queue takes" in problem for problem in _problems(patient))
    system.drain()
    assert _problems(patient) == []


def test_customers_that_search_does_not_know_are_told(system: System, api: Api, patient: Patient) -> None:
    api.create(email="not-yet@example.com")

    assert any("search: knows" in problem for problem in _problems(patient))

    system.drain()
    assert _problems(patient) == []


def test_an_index_that_differs_is_told(system: System, api: Api, patient: Patient) -> None:
    customer = api.create(email="differs@example.com")
    system.drain()
    alter = "UPDATE search_customer SET customer = jsonb_set(customer, '{last_name}', '%s') WHERE customer_id = '%s'"
    with _changed(system, "search.system", alter % ('"Other"', customer["id"]), alter % ("null", customer["id"])):
        assert any(f"1 customers of {api.publisher_id}" in problem for problem in _problems(patient))
    assert _problems(patient) == []


@pytest.fixture
def bought(system: System, api: Api) -> dict[str, str]:
    """A purchase that search knows of: the customer's ID and the transaction's."""
    customer = api.create(email="buyer@example.com")
    system.drain()
    sold = sell(api, customer["id"])
    system.drain()
    return {"customer": customer["id"], "transaction": sold["transaction_id"]}


def test_a_well_one_knows_what_billing_knows(system: System, patient: Patient, bought: dict[str, str]) -> None:
    assert _problems(patient) == _problems(replace(patient, quick=True)) == []
    told = [finding.what for finding in examine_services(patient)]
    for noun in ("accounts", "transactions"):
        assert any(f" {noun}, all as they are now" in each for each in told), told


_ACCOUNT = "UPDATE search_customer SET account_version = {} WHERE customer_id = '%(customer)s'"
_TRANSACTION = "UPDATE search_transaction SET {} WHERE transaction_id = '%(transaction)s'"


@pytest.mark.parametrize(
    ("alter", "do", "undo", "said"),
    [
        (_ACCOUNT, "account_version + 7", "account_version - 7", "1 accounts are newer in search than at billing"),
        (_ACCOUNT, "-account_version", "-account_version", "1 accounts are known to search as they were before"),
        (_TRANSACTION, "version = version - 1", "version = version + 1",
         "1 transactions are known to search as they were"),
        (_TRANSACTION, "transaction = '{\"a\": 1}' || transaction", "transaction = transaction - 'a'",
         "1 transactions are not in search as billing says, although of the same version"),
        (_TRANSACTION, "deleted = true", "deleted = false", "1 transactions are erased in search, but not at billing"),
    ],
)  # fmt: skip
def test_what_search_has_otherwise_than_billing_is_told(
    system: System, patient: Patient, bought: dict[str, str], alter: str, do: str, undo: str, said: str
) -> None:
    with _changed(system, "search.system", alter.format(do) % bought, alter.format(undo) % bought):
        problems = _problems(patient)
        assert any(said in each and any(name in each for name in bought.values()) for each in problems), problems
    assert _problems(patient) == []


@pytest.mark.parametrize("quick", [True, False])
def test_how_many_of_billings_things_search_knows_is_told(
    system: System, patient: Patient, bought: dict[str, str], quick: bool
) -> None:
    examined = replace(patient, quick=quick)
    alter = _TRANSACTION % bought
    with _changed(system, "search.system", alter.format("deleted = true"), alter.format("deleted = false")):
        (told,) = [each for each in _problems(examined) if "search: knows" in each]
        known, owned = (int(number) for number in re.findall(r"\d+", told))
        assert (owned - known, told.rpartition(" ")[2]) == (1, "transactions")
    assert _problems(examined) == []


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"database": "no_such_database"}])
def test_a_database_that_cannot_be_reached_is_told(patient: Patient, wrong: dict[str, Any]) -> None:
    urls = patient.urls["customers"]
    address = make_url(urls.app).set(**wrong).render_as_string(hide_password=False)
    broken = replace(patient, urls={**patient.urls, "customers": replace(urls, app=address)})

    problems = _problems(broken)

    assert len(problems) == 1
    assert problems[0].startswith("customers: its database can't be reached as the role app")
