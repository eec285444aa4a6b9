"""What answers look like: the same after a write as at a later read, and with what a program goes on by."""

from __future__ import annotations

from typing import Any

import pytest

from services.customers.tests.conftest import Api


@pytest.fixture
def customer(api: Api) -> dict[str, Any]:
    return api.create(
        email="anna@example.com",
        address={"postal_code": "10115", "line1": "Weg 1", "city": "Berlin"},
        external_ids=[{"source": "publisher", "id": "C-1"}],
        attributes={"bb": 1, "a": 2, "ccc": 3},
    )


def test_a_later_read_is_the_answer_to_the_write_to_the_letter(api: Api, customer: dict[str, Any]) -> None:
    path = f"/v1/customers/{customer['id']}"
    written = api.edit(customer["id"], attributes={"zz": 0, "ab": 1}, external_ids=[{"source": "x", "id": "1"}])

    assert api.send("GET", path).data == written.data
    assert list((written.json or {})["address"]) == ["line1", "line2", "city", "state", "postal_code", "country"]
    for entry in (api.send("GET", f"{path}/changes").json or {})["items"]:
        assert [list(field) for field in entry["fields"]] == [["field", "old", "new"]] * len(entry["fields"])
        for field in entry["fields"]:
            if field["field"] == "external_ids":
                assert all(list(given) == ["source", "id"] for given in field["new"])


def test_every_write_tells_its_version(api: Api, customer: dict[str, Any]) -> None:
    path = f"/v1/customers/{customer['id']}"
    key = {"Idempotency-Key": "k1"}

    login = api.send("POST", f"{path}/logins", {"at": "2024-05-02T10:00:00Z"}, headers=key)
    assert login.headers["Version-Token"] == f"{customer['id']}.2"
    again = api.send("POST", f"{path}/logins", {"at": "2024-05-02T10:00:00Z"}, headers=key)
    assert again.headers["Version-Token"] == f"{customer['id']}.2"
    for _ in range(2):
        anonymized = api.send("POST", f"{path}/anonymize", {})
        assert anonymized.headers["Version-Token"] == f"{customer['id']}.3"


def test_the_history_says_that_values_were_erased(api: Api, customer: dict[str, Any]) -> None:
    path = f"/v1/customers/{customer['id']}"
    assert [entry["erased"] for entry in (api.send("GET", f"{path}/changes").json or {})["items"]] == [False]

    api.send("POST", f"{path}/anonymize", {})

    assert [entry["erased"] for entry in (api.send("GET", f"{path}/changes").json or {})["items"]] == [True, True]


@pytest.mark.parametrize("at", ["0001-01-02T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:30:00+01:00"])
def test_nothing_happened_before_1970(api: Api, customer: dict[str, Any], at: str) -> None:
    login = api.send("POST", f"/v1/customers/{customer['id']}/logins", {"at": at})
    created = api.send("POST", "/v1/customers", {"email": "b@example.com", "registered_at": at})

    assert [error["where"] for error in (login.json or {})["errors"]] == ["/at"]
    assert [error["where"] for error in (created.json or {})["errors"]] == ["/registered_at"]


def test_a_tag_that_is_not_ours_matches_nothing_and_nothing_is_said_to_have_changed(
    api: Api, customer: dict[str, Any]
) -> None:
    answer = api.edit(customer["id"], 'W/"1"', last_name="X")

    assert (answer.status_code, (answer.json or {})["code"]) == (412, "changed_meanwhile")
    assert (answer.json or {})["changes"] == []
    assert answer.headers["ETag"] == '"1"'
