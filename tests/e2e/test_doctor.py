"""What ./accounts doctor says of a running installation, well and ill."""

from __future__ import annotations

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


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"database": "no_such_database"}])
def test_a_database_that_cannot_be_reached_is_told(patient: Patient, wrong: dict[str, Any]) -> None:
    urls = patient.urls["customers"]
    address = make_url(urls.app).set(**wrong).render_as_string(hide_password=False)
    broken = replace(patient, urls={**patient.urls, "customers": replace(urls, app=address)})

    problems = _problems(broken)

    assert len(problems) == 1
    assert problems[0].startswith("customers: its database can't be reached as the role app")
