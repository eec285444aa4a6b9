"""The list of customers: filters, sorting, columns and totals over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from servicekit.ids import new_id
from services.search.columns import COLUMNS
from services.search.sections import SHOWN_FIELDS
from services.search.tests.service.system import System, publisher, told

_ZOE = {"email": "zoe@example.com", "last_name": "Ångström", "country": "SE"}
PEOPLE: list[dict[str, Any]] = [
    {**_ZOE, "registered_at": "2026-01-03T00:00:00.000000Z"},
    {"email": "Abel@example.com", "last_name": "Zola", "country": "FR", "registered_at": "2026-01-01T00:00:00.000000Z"},
    {"email": None, "last_name": "müller", "country": "DE", "registered_at": "2026-01-02T00:00:00.000000Z"},
    {"email": "mo@example.com", "last_name": None, "country": "DE", "registered_at": "2026-01-04T00:00:00.000000Z"},
]


@pytest.fixture
def mine(system: System) -> str:
    publisher_id = publisher()
    for person in PEOPLE:
        system.tell(told(publisher_id, new_id("cus"), **person))
    system.index()
    return publisher_id


def page(system: System, publisher_id: str, **parameters: Any) -> dict[str, Any]:
    response = system.get(publisher_id, **parameters)
    assert response.status_code == 200, response.get_json()
    found: dict[str, Any] = response.get_json()
    return found


def column(system: System, publisher_id: str, name: str, **parameters: Any) -> list[Any]:
    return [item[name] for item in page(system, publisher_id, **parameters)["items"]]


@pytest.mark.parametrize(
    ("sort", "shown", "expected"),
    [
        ("email", "email", ["Abel@example.com", "mo@example.com", "zoe@example.com", None]),
        ("-email", "email", ["zoe@example.com", "mo@example.com", "Abel@example.com", None]),
        ("last_name", "last_name", ["Ångström", "müller", "Zola", None]),
        ("-last_name", "last_name", ["Zola", "müller", "Ångström", None]),
        ("registered_at", "country", ["FR", "DE", "SE", "DE"]),
    ],
)
def test_sorted_both_ways_with_empty_ones_last(
    system: System, mine: str, sort: str, shown: str, expected: list[Any]
) -> None:
    assert column(system, mine, shown, sort=sort) == expected
    one_by_one: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        found = page(system, mine, sort=sort, limit=1, **({"cursor": cursor} if cursor else {}))
        one_by_one += [item[shown] for item in found["items"]]
        cursor = found["next_cursor"]
    assert one_by_one == expected


@pytest.mark.parametrize("name", [column.name for column in COLUMNS])
def test_every_column_can_be_sorted_by_and_answered(system: System, mine: str, name: str) -> None:
    for direction in ("", "-"):
        assert len(page(system, mine, sort=direction + name, columns=name)["items"]) == len(PEOPLE)


def test_only_the_columns_that_were_asked_for(system: System, mine: str) -> None:
    (item, *_) = page(system, mine, columns="email, city")["items"]
    assert item.keys() == {"id", "email", "address", "matched", "score"}
    posted = system.post(mine, columns=["last_name"]).get_json()["items"][0]
    assert posted.keys() == {"id", "last_name", "matched", "score"}
    assert page(system, mine)["items"][0].keys() == {*SHOWN_FIELDS, "matched", "score"}


def test_a_filter_narrows_without_ranking(system: System, mine: str) -> None:
    found = page(system, mine, q="example.com", filter="country:DE")
    (alone,) = page(system, mine, q="mo@example.com")["items"]
    assert page(system, mine, q="mo@example.com", filter="country:DE")["items"][0]["score"] == alone["score"]
    assert [item["email"] for item in found["items"]] == ["mo@example.com"]
    assert column(system, mine, "country", filter="-has:email") == ["DE"]
    assert column(system, mine, "country", filter="registered>=2026-01-04") == ["DE"]
    assert system.post(mine, filter="country:FR").get_json()["total"] == {"value": 1, "exact": True}


def test_a_mistake_in_the_filter_names_it(system: System, mine: str) -> None:
    response = system.get(mine, filter="country:DE anna")
    problem = response.get_json()
    assert (response.status_code, problem["code"], problem["parameter"]) == (422, "invalid_query", "filter")
    assert (problem["position"], problem["errors"][0]["where"]) == (11, "filter")
    assert "city:Berlin" in problem["hint"]


@pytest.mark.parametrize(
    "bad",
    [
        {"sort": "shoe_size"},
        {"sort": ""},
        {"sort": "--email"},
        {"columns": "email,shoe_size"},
        {"columns": ""},
        {"total": "maybe"},
        {"filter": "x" * 1_001},
    ],
)
def test_bad_parameters_are_refused(system: System, bad: dict[str, Any]) -> None:
    assert system.get(publisher(), **bad).status_code == 422


@pytest.mark.parametrize(
    "bad", [{"sort": 5}, {"columns": "email"}, {"columns": []}, {"columns": [1]}, {"filter": 1}, {"total": True}]
)
def test_bad_bodies_are_refused(system: System, bad: dict[str, Any]) -> None:
    assert system.post(publisher(), **bad).status_code == 422


@pytest.mark.parametrize("other", [{"sort": "email"}, {"filter": "country:DE"}, {"q": "mo"}, {"sort": "-last_name"}])
def test_a_cursor_leads_on_in_its_own_list_only(system: System, mine: str, other: dict[str, Any]) -> None:
    cursor = page(system, mine, sort="last_name", limit=1)["next_cursor"]
    assert system.get(mine, sort="last_name", limit=1, cursor=cursor).status_code == 200
    assert system.get(mine, **other, limit=1, cursor=cursor).status_code == 400


def test_an_own_write_takes_its_place_in_a_sorted_list(system: System, mine: str) -> None:
    customer_id = new_id("cus")
    system.tell(told(mine, customer_id, last_name="Nobel", country="SE"))
    names = column(system, mine, "last_name", sort="last_name", version_token=f"{customer_id}.1")
    assert names == ["Ångström", "müller", "Nobel", "Zola", None]


def test_an_exact_total_on_request(system: System, mine: str) -> None:
    assert page(system, mine, total="exact", limit=1)["total"] == {"value": len(PEOPLE), "exact": True}
