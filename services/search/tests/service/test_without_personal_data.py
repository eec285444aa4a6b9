"""Searching without the scope ``personal:read``."""

from __future__ import annotations

from typing import Any

import pytest

from servicekit.audit import entries
from servicekit.ids import new_id
from services.search.schemas.found import SearchPage, Suggestions
from services.search.tests.service.system import System, publisher, told

BLIND = ("search:read",)
FULL: dict[str, Any] = {
    "email": "canaryemail@example.com",
    "first_name": "Canaryfirst",
    "last_name": "Canarylast",
    "company": "Canarycompany",
    "birthdate": "1931-01-31",
    "phone": "+49 555 1931931",
    "language": "de",
    "currency": "EUR",
    "country": "DE",
    "address": {"line1": "Canarystreet 1", "city": "Canarycity", "postal_code": "CNRY1", "country": "AT"},
    "external_ids": [{"source": "shop", "id": "canaryexternal"}],
    "attributes": {"canaryname": "canaryvalue"},
}


@pytest.fixture
def mine(system: System) -> str:
    return publisher()


@pytest.fixture
def customer_id(system: System, mine: str) -> str:
    made = new_id("cus")
    system.tell(told(mine, made, 1, "created", **FULL))
    system.index()
    return made


def suggested(system: System, mine: str, q: str) -> Any:
    return system.client.get("/v1/search/suggestions", query_string={"q": q}, headers=system.as_program(mine, BLIND))


@pytest.mark.parametrize("q", ["", "germany", "eur", "country:AT", "language:de", "status:active", "registered>2000"])
def test_who_is_found_by_what_tells_nothing_is_shown_without_who_it_is(
    system: System, mine: str, customer_id: str, q: str
) -> None:
    answer = system.get(mine, BLIND, q=q)

    assert answer.status_code == 200, answer.text
    assert "anary" not in answer.text
    (item,) = answer.json["items"]
    assert (item["id"], item["country"], item["language"], item["email"]) == (customer_id, "DE", "de", None)
    assert (item["address"]["country"], item["address"]["city"]) == ("AT", None)
    assert {"email", "first_name", "address.city", "external_ids", "attributes"} <= set(item["masked"])
    assert SearchPage().validate(answer.json) == {}


def test_a_customer_is_found_by_the_id_and_with_the_engine_down_too(
    system: System, mine: str, customer_id: str
) -> None:
    up = system.get(mine, BLIND, q=customer_id).json
    system.engine.down = True
    down = system.get(mine, BLIND, q=customer_id).json
    assert down["degraded"] is True
    assert up["items"] == down["items"] != []
    assert up["items"][0]["matched"] == [{"attribute": "id", "value": customer_id, "how": "identifier"}]


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": "Canaryfirst"},
        {"q": "nobody"},
        {"q": "canaryemail@example.com"},
        {"q": "country:DE city:Canarycity"},
        {"filter": "email:canaryemail@example.com"},
        {"filter": "has:phone"},
        {"sort": "last_name"},
        {"sort": "-birthdate"},
    ],
)
def test_what_would_tell_is_refused_whether_it_finds_somebody_or_not(
    system: System, mine: str, customer_id: str, parameters: dict[str, str]
) -> None:
    answers = [system.get(whose, BLIND, **parameters) for whose in (mine, publisher())]
    assert [answer.status_code for answer in answers] == [403, 403]
    told_of = [{**answer.json, "request_id": ""} for answer in answers]
    assert told_of[0] == told_of[1]
    assert told_of[0]["code"] == "personal_data_hidden"
    assert told_of[0]["errors"][0]["where"] in parameters
    assert "anary" not in answers[0].text


def test_columns_and_orders_that_tell_nothing_are_free(system: System, mine: str, customer_id: str) -> None:
    answer = system.get(mine, BLIND, sort="-last_login_at", columns="country,registered_at,email")
    (item,) = answer.json["items"]
    assert set(item) == {"id", "country", "registered_at", "email", "matched", "score", "masked"}
    assert (item["email"], item["masked"]) == (None, ["email"])
    assert item["id"] == customer_id


def test_a_cursor_of_somebody_who_sees_leads_nowhere(system: System, mine: str, customer_id: str) -> None:
    system.tell(told(mine, new_id("cus"), 1, "created", **FULL))
    system.index()
    for asked in ({"q": "Canaryfirst"}, {"sort": "email"}, {"sort": "country"}, {}):
        cursor = system.get(mine, limit=1, **asked).json["next_cursor"]
        refused = system.get(mine, BLIND, limit=1, cursor=cursor, **asked)
        assert refused.status_code in (400, 403), asked
        assert system.get(mine, BLIND, limit=1, cursor=cursor).status_code == 400
    assert customer_id


@pytest.mark.parametrize("typed", ["canary", "Canaryfirst", "canarycity", "1931", "cnry", "city:Can", '"canary', "x:"])
def test_nobody_is_suggested_by_what_tells(system: System, mine: str, customer_id: str, typed: str) -> None:
    system.tell(told(mine, new_id("cus"), 1, "created", **FULL))
    system.index()
    assert suggested(system, mine, typed).json == {"suggestions": []}
    assert customer_id


def test_suggested_are_countries_fields_and_customers_by_their_ids(system: System, mine: str, customer_id: str) -> None:
    by_name = suggested(system, mine, "germ").json["suggestions"]
    assert [(item["kind"], item["q"]) for item in by_name] == [("value", "country:DE")]
    assert suggested(system, mine, "Canaryfirst germ").json == {"suggestions": []}
    assert [item["text"] for item in suggested(system, mine, "la").json["suggestions"]] == [
        "language:",
        "last_login_at:",
        "last_payment_method:",
    ]
    answer = suggested(system, mine, customer_id)
    (item,) = answer.json["suggestions"]
    assert (item["text"], item["customer_id"]) == (customer_id, customer_id)
    assert Suggestions().validate(answer.json) == {}


def test_searching_writes_nothing(system: System, mine: str, customer_id: str) -> None:
    assert system.get(mine, q="Canaryfirst").status_code == 200
    assert suggested(system, mine, "canary").status_code == 200
    assert system.get(mine, BLIND, q="Canaryfirst").status_code == 403

    with system.app_database.transaction(mine) as session:
        assert entries(session, publisher_id=mine) == []
    assert customer_id
