"""Suggestions while somebody types."""

from __future__ import annotations

from typing import Any

import pytest

from servicekit.ids import new_id
from services.search.tests.service.system import System, publisher, told


@pytest.fixture
def mine(system: System) -> str:
    """A publisher with three customers in Berlin, of whom two are called Anna."""
    publisher_id = publisher()
    people = [("Anna", "Berg"), ("Anna", "Quast"), ("Bernd", "Müller")]
    for first_name, last_name in people:
        address = {"city": "Berlin"}
        system.tell(told(publisher_id, new_id("cus"), first_name=first_name, last_name=last_name, address=address))
    system.index()
    return publisher_id


def suggested(system: System, publisher_id: str, q: str, **parameters: Any) -> list[dict[str, Any]]:
    response = system.client.get(
        "/v1/search/suggestions", query_string={"q": q, **parameters}, headers=system.as_program(publisher_id)
    )
    assert response.status_code == 200, response.get_json()
    items: list[dict[str, Any]] = response.get_json()["suggestions"]
    return items


def test_customers_come_first_with_what_matched(system: System, mine: str) -> None:
    first = suggested(system, mine, "quast")[0]
    assert (first["kind"], first["text"], first["attribute"], first["value"]) == (
        "customer",
        "Anna Quast",
        "last_name",
        "Quast",
    )
    assert system.found(mine, first["customer_id"]) == [first["customer_id"]]


def test_a_value_that_several_have_narrows_when_taken(system: System, mine: str) -> None:
    (value,) = [item for item in suggested(system, mine, "anna ber") if item["kind"] == "value"]
    assert (value["text"], value["attribute"], value["q"]) == ("Berlin", "city", 'anna city:"Berlin"')
    assert len(system.found(mine, value["q"])) == 2


@pytest.mark.parametrize(
    ("last_name", "typed"),
    [
        ("Müller", "muel"),
        ("Müller", "mull"),
        ("Müller", "MÜL"),
        ("Mueller", "muel"),
        ("Łukaszewski", "luk"),
        ("O'Brien", "obr"),
        ("Smith-Jones", "jon"),
        ("Παπαδόπουλος", "παπαδο"),
        ("Королёв", "короле"),
        ("أَحْمَد", "احم"),
        ("スズキ", "すず"),
        ("山田", "山"),
        ("शर्मा", "शर्"),
        ("Nguyễn", "nguy"),
    ],
)
def test_what_is_typed_is_spelled_as_in_the_search(system: System, last_name: str, typed: str) -> None:
    publisher_id = publisher()
    for _ in range(2):
        system.tell(told(publisher_id, new_id("cus"), last_name=last_name))
    system.index()
    (value,) = [item for item in suggested(system, publisher_id, typed) if item["kind"] == "value"]
    assert (value["attribute"], value["value"]) == ("last_name", last_name)
    assert len(system.found(publisher_id, value["q"])) == 2


@pytest.mark.parametrize(
    ("typed", "text", "q"),
    [
        ("anna germ", "Germany", "anna country:DE"),
        ("deutschl", "Deutschland", "country:DE"),
        ("ドイ", "ドイツ", "country:DE"),
        ("anna country:ger", "Germany", "anna country:DE"),
        ("country:DE swiss fr", "Swiss Franc", "country:DE currency:CHF"),
    ],
)
def test_the_beginning_of_a_country_or_currency_that_somebody_has_is_completed(
    system: System, typed: str, text: str, q: str
) -> None:
    publisher_id = publisher()
    system.tell(told(publisher_id, new_id("cus"), first_name="Anna", country="DE", currency="CHF"))
    system.index()
    named = [item for item in suggested(system, publisher_id, typed) if item["kind"] == "value"]
    assert [(item["text"], item["q"]) for item in named] == [(text, q)]
    assert len(system.found(publisher_id, q)) == 1


def test_a_country_of_nobody_is_not_suggested(system: System, mine: str) -> None:
    assert suggested(system, mine, "germ") == []


def test_a_value_of_a_field_is_completed(system: System, mine: str) -> None:
    (value,) = [item for item in suggested(system, mine, "anna city:ber") if item["kind"] == "value"]
    assert (value["attribute"], value["q"]) == ("city", 'anna city:"Berlin"')


def test_names_of_fields_are_completed(system: System, mine: str) -> None:
    assert {"kind": "field", "text": "country:", "q": "anna country:"} in suggested(system, mine, "anna coun")
    assert {"kind": "field", "text": "country:", "q": "-country:"} in suggested(system, mine, "-coun")


@pytest.mark.parametrize("q", ['anna "ber', "city:", "nofield:x", '"'])
def test_what_is_no_query_yet_is_no_mistake(system: System, mine: str, q: str) -> None:
    assert suggested(system, mine, q) == []


def test_nothing_typed_suggests_nothing(system: System, mine: str) -> None:
    assert suggested(system, mine, "  ") == []


def test_no_more_than_asked_for(system: System, mine: str) -> None:
    assert len(suggested(system, mine, "ber", limit=2)) == 2
    assert len(suggested(system, mine, "ber", limit=1)) == 1


def test_nobody_of_another_publisher_is_suggested(system: System, mine: str) -> None:
    assert suggested(system, publisher(), "anna ber") == []


def test_with_the_engine_down_nothing_can_be_suggested(system: System, mine: str) -> None:
    system.engine.down = True
    response = system.client.get("/v1/search/suggestions", query_string={"q": "ber"}, headers=system.as_program(mine))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("bad", [{}, {"q": "x" * 1_001}, {"q": "a", "limit": 0}, {"q": "a", "limit": 21}, {"x": "1"}])
def test_bad_parameters_are_refused(system: System, bad: dict[str, Any]) -> None:
    response = system.client.get("/v1/search/suggestions", query_string=bad, headers=system.as_program(publisher()))
    assert response.status_code == 422
