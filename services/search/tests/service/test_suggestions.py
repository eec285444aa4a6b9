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
