"""Callers who may read, but don't see who somebody is."""

from __future__ import annotations

from typing import Any

import pytest

from services.customers.tests.conftest import Api
from services.customers.views import ChangePage, CustomerPage, CustomerView

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
    "external_ids": [{"id": "canaryexternal"}],
    "attributes": {"canaryname": "canaryvalue"},
}
HIDDEN = ["email", "first_name", "last_name", "company", "birthdate", "phone"]
PARTS = [f"address.{part}" for part in ("line1", "line2", "city", "state", "postal_code")]


@pytest.fixture
def customer(api: Api) -> dict[str, Any]:
    return api.create(**FULL)


def test_a_customer_is_shown_without_who_it_is(api: Api, customer: dict[str, Any]) -> None:
    answer = api.send("GET", f"/v1/customers/{customer['id']}", as_="masked")

    seen = answer.json or {}
    assert "anary" not in answer.text
    assert seen["masked"] == [*HIDDEN, *PARTS, "external_ids", "attributes"]
    assert all(seen[name] is None for name in HIDDEN)
    assert (seen["external_ids"], seen["attributes"]) == ([], {})
    assert seen["address"] == {**dict.fromkeys(("line1", "line2", "city", "state", "postal_code")), "country": "AT"}
    same = ("id", "language", "currency", "country", "status", "registered_at", "last_login_at", "version")
    assert {name: seen[name] for name in same} == {name: customer[name] for name in same}
    assert CustomerView().validate(seen) == {}
    assert answer.headers["ETag"] == '"1"'


def test_who_sees_personal_data_sees_all_of_it_and_no_list_of_what_is_masked(
    api: Api, customer: dict[str, Any]
) -> None:
    assert "masked" not in customer
    assert api.send("GET", f"/v1/customers/{customer['id']}").json == customer


def test_lists_are_masked_and_nobody_is_asked_for_by_what_is_hidden(api: Api, customer: dict[str, Any]) -> None:
    answer = api.send("GET", "/v1/customers", as_="masked")
    assert "anary" not in answer.text
    assert [item["id"] for item in (answer.json or {})["items"]] == [customer["id"]]
    assert CustomerPage().validate(answer.json or {}) == {}

    for parameter, value in (("email", FULL["email"]), ("email", "nobody@example.com"), ("external_id", "C-1")):
        refused = api.send("GET", f"/v1/customers?{parameter}={value}", as_="masked")
        problem = refused.json or {}
        assert (refused.status_code, problem["code"]) == (403, "personal_data_hidden")
        assert problem["errors"] == [{"where": parameter, "message": "Asks by personal data."}]


def test_the_history_shows_which_fields_changed_but_no_values_that_tell(api: Api, customer: dict[str, Any]) -> None:
    api.edit(customer["id"], last_name="Canaryother", language="fr", attributes={"canaryname": "canaryother"})

    answer = api.send("GET", f"/v1/customers/{customer['id']}/changes", as_="masked")

    assert "anary" not in answer.text
    assert ChangePage().validate(answer.json or {}) == {}
    newest = (answer.json or {})["items"][0]
    assert (newest["editor"]["name"], newest["erased"]) == ("Key of A", False)
    assert newest["fields"] == [
        {"field": "last_name", "old": None, "new": None, "masked": ["old", "new"]},
        {"field": "language", "old": "de", "new": "fr"},
        {"field": "attributes", "old": None, "new": None, "masked": ["field", "old", "new"]},
    ]


def test_a_program_that_writes_but_does_not_see_is_told_nothing_either(api: Api, customer: dict[str, Any]) -> None:
    path, stale = f"/v1/customers/{customer['id']}", {"If-Match": '"1"'}
    edited = api.send("PATCH", path, {"company": "Canaryother"}, as_="masked", headers=stale)
    assert (edited.status_code, (edited.json or {})["company"]) == (200, None)

    refused = api.send("PATCH", path, {"company": "Other"}, as_="masked", headers=stale)
    assert refused.status_code == 412
    assert "anary" not in refused.text
    assert (refused.json or {})["changes"][0]["fields"][0]["masked"] == ["old", "new"]
    assert "Canaryother" in api.send("PATCH", path, {"company": "Other"}, headers=stale).text

    made = api.send("POST", "/v1/customers", {"email": "other@example.com"}, as_="masked")
    assert (made.status_code, (made.json or {})["email"]) == (201, None)


def test_a_repeated_request_is_answered_masked_as_the_first_was(api: Api) -> None:
    body, key = {"email": "canary@example.com"}, {"Idempotency-Key": "k"}
    first, again = (api.send("POST", "/v1/customers", body, as_="masked", headers=key) for _ in range(2))
    assert (again.headers["Idempotency-Replayed"], again.data) == ("true", first.data)
    assert "anary" not in again.text


def test_rejected_rows_are_for_those_who_see_personal_data(api: Api) -> None:
    sent = api.send(
        "POST",
        "/v1/customers/imports?set=company=Canarycompany",
        as_="masked",
        raw=b"email\ncanary\n",
        headers={"Content-Type": "text/csv"},
    )
    assert sent.status_code == 202, sent.text
    import_id = (sent.json or {})["id"]
    assert (sent.json or {})["constants"] == {}
    assert (sent.json or {})["masked"] == ["constants"]

    refused = api.send("GET", f"/v1/customers/imports/{import_id}/rejects", as_="masked")

    assert refused.status_code == 403
    assert "personal:read" in (refused.json or {})["detail"]
    assert api.send("GET", f"/v1/customers/imports/{import_id}/rejects").status_code == 200
