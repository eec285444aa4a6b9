"""Editing customers, their logins and the history of changes."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from servicekit.db.database import Database
from services.customers.tests.conftest import Api, outbox_of


@pytest.fixture
def anna(api: Api) -> dict[str, Any]:
    return api.create(
        email="anna@example.com",
        last_name="Müller",
        address={"city": "Berlin", "country": "DE"},
        external_ids=[{"id": "C-1"}],
        attributes={"plan": "gold", "vip": True},
    )


def test_what_is_absent_stays_and_null_clears(api: Api, anna: dict[str, Any]) -> None:
    answer = api.edit(
        anna["id"],
        first_name="Anna",
        last_name=None,
        address={"city": None, "line1": "Weg 2"},
        attributes={"vip": None},
    )

    edited = answer.json or {}
    assert (edited["email"], edited["first_name"], edited["last_name"]) == ("anna@example.com", "Anna", None)
    assert edited["address"] == {
        "line1": "Weg 2",
        "line2": None,
        "city": None,
        "state": None,
        "postal_code": None,
        "country": "DE",
    }
    assert edited["attributes"] == {"plan": "gold"}
    assert edited["version"] == 2
    assert answer.headers["ETag"] == '"2"'
    assert answer.headers["Version-Token"] == f"{anna['id']}.2"


def test_an_edit_that_changes_nothing_is_no_event_and_no_new_version(
    api: Api, anna: dict[str, Any], system_database: Database
) -> None:
    answer = api.edit(anna["id"], last_name="Müller", attributes={"plan": "gold"})

    assert answer.headers["ETag"] == '"1"'
    assert (answer.json or {})["version"] == 1
    assert [event.type for event in outbox_of(system_database)] == ["customers.customer.created.v1"]


@pytest.mark.parametrize(("old", "new"), [(1, True), (0, False), (True, 1), (1, 1.0)])
def test_what_python_takes_for_equal_is_a_change_all_the_same(
    api: Api, system_database: Database, old: object, new: object
) -> None:
    customer = api.create(email="x@example.com", attributes={"level": old})

    answer = api.edit(customer["id"], first_name="X", attributes={"level": new})

    assert repr((answer.json or {})["attributes"]["level"]) == repr(new)
    assert api.send("GET", f"/v1/customers/{customer['id']}").json == answer.json
    assert outbox_of(system_database)[-1].data == answer.json
    entry = (api.send("GET", f"/v1/customers/{customer['id']}/changes").json or {})["items"][0]
    assert [(field["field"], repr(field["new"])) for field in entry["fields"]] == [
        ("first_name", "'X'"),
        ("attributes.level", repr(new)),
    ]


def test_the_second_of_two_editors_is_told_what_changed(api: Api, anna: dict[str, Any]) -> None:
    assert api.edit(anna["id"], '"1"', last_name="Schmidt").status_code == 200

    answer = api.edit(anna["id"], '"1"', last_name="Schulz")

    assert answer.status_code == 412
    assert answer.headers["ETag"] == '"2"'
    (change,) = (answer.json or {})["changes"]
    assert change["editor"] == {"id": "key_pub_a", "name": "Key of A", "kind": "api_key"}
    assert change["fields"] == [{"field": "last_name", "old": "Müller", "new": "Schmidt"}]
    assert (api.send("GET", f"/v1/customers/{anna['id']}").json or {})["last_name"] == "Schmidt"


def test_of_editors_at_once_one_wins(api: Api, anna: dict[str, Any]) -> None:
    statuses: list[int] = []
    barrier = threading.Barrier(4)

    def edit(name: str) -> None:
        barrier.wait()
        statuses.append(api.edit(anna["id"], '"1"', last_name=name).status_code)

    threads = [threading.Thread(target=edit, args=(f"Name {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, 412, 412, 412]


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 428), ("1", 400), ('"1', 400), ('W/"1"', 412), ('"x"', 412), ('"01"', 412), ('"7"', 412)],
)
def test_if_match_is_needed_and_must_be_a_tag_that_was_read(
    api: Api, anna: dict[str, Any], header: str | None, status: int
) -> None:
    headers = {} if header is None else {"If-Match": header}

    answer = api.send("PATCH", f"/v1/customers/{anna['id']}", {"last_name": "X"}, headers=headers)

    assert answer.status_code == status


def test_a_new_email_must_be_free_and_an_identity_must_stay(api: Api, anna: dict[str, Any]) -> None:
    api.create(email="taken@example.com")

    assert api.edit(anna["id"], email="TAKEN@example.com").status_code == 409
    assert api.edit(anna["id"], email=None, external_ids=[]).status_code == 422
    assert (api.send("GET", f"/v1/customers/{anna['id']}").json or {})["email"] == "anna@example.com"
    assert api.edit(anna["id"], email="new@example.com").status_code == 200
    api.create(email="anna@example.com")


def test_external_ids_are_replaced_whole_and_freed_for_others(api: Api, anna: dict[str, Any]) -> None:
    assert api.edit(anna["id"], external_ids=[{"id": "C-2"}]).status_code == 200

    found = api.send("GET", "/v1/customers?external_id=C-2").json or {}
    assert [item["id"] for item in found["items"]] == [anna["id"]]
    api.create(external_ids=[{"id": "C-1"}])
    assert api.edit(anna["id"], external_ids=[{"id": "C-1"}]).status_code == 409


def test_a_login_moves_the_last_login_and_the_version_but_not_the_etag(
    api: Api, anna: dict[str, Any], system_database: Database
) -> None:
    path = f"/v1/customers/{anna['id']}/logins"
    later = api.send("POST", path, {"at": "2024-05-02T10:00:00Z"})
    api.send("POST", path, {"at": "2024-05-01T10:00:00Z"})
    again = api.send("POST", path, {"at": "2024-05-02T12:00:00+02:00"})

    answer = api.send("GET", f"/v1/customers/{anna['id']}")
    assert (answer.json or {})["last_login_at"] == "2024-05-02T10:00:00.000000Z"
    assert (answer.json or {})["version"] == 3
    assert answer.headers["ETag"] == '"1"'
    assert again.json == later.json
    told = outbox_of(system_database)
    assert [event.type for event in told[1:]] == ["customers.customer.logged_in.v1"] * 2
    assert [event.aggregate_version for event in told] == [1, 2, 3]
    assert told[2].data["login"]["at"] == "2024-05-01T10:00:00.000000Z"
    assert told[2].data["last_login_at"] == "2024-05-02T10:00:00.000000Z"


def test_a_login_in_the_future_is_refused(api: Api, anna: dict[str, Any]) -> None:
    answer = api.send("POST", f"/v1/customers/{anna['id']}/logins", {"at": "2999-01-01T00:00:00Z"})

    assert answer.status_code == 422


def test_the_history_tells_who_changed_what_newest_first(api: Api, anna: dict[str, Any]) -> None:
    api.edit(anna["id"], last_name="Schmidt", address={"city": "Köln"})

    first = api.send("GET", f"/v1/customers/{anna['id']}/changes?limit=1").json or {}
    (edited,) = first["items"]
    assert edited["action"] == "edited"
    assert edited["revision"] == 2
    assert edited["fields"] == [
        {"field": "last_name", "old": "Müller", "new": "Schmidt"},
        {"field": "address.city", "old": "Berlin", "new": "Köln"},
    ]
    rest = api.send("GET", f"/v1/customers/{anna['id']}/changes?cursor={first['next_cursor']}").json or {}
    (created,) = rest["items"]
    assert created["action"] == "created"
    assert {"field": "email", "old": None, "new": "anna@example.com"} in created["fields"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"last_name": "X"}),
        ("GET", "/changes", None),
        ("POST", "/logins", {}),
        ("POST", "/anonymize", {}),
        ("GET", "/anonymization", None),
    ],
)
def test_another_publishers_customer_is_not_there(
    api: Api, anna: dict[str, Any], method: str, path: str, body: dict[str, Any] | None
) -> None:
    answer = api.send(
        method, f"/v1/customers/{anna['id']}{path}", body, as_="b", headers={"If-Match": "*"} if body else None
    )

    assert answer.status_code == 404
    assert (api.send("GET", f"/v1/customers/{anna['id']}").json or {}) == anna


def test_a_list_is_complete_and_without_doubles_while_others_join(api: Api) -> None:
    made = [api.create(email=f"c{number}@example.com")["id"] for number in range(5)]
    api.create(email="other@example.com", as_="b")

    page = api.send("GET", "/v1/customers?limit=2").json or {}
    seen = [item["id"] for item in page["items"]]
    api.create(email="late@example.com")
    while page["next_cursor"]:
        page = api.send("GET", f"/v1/customers?limit=2&cursor={page['next_cursor']}").json or {}
        seen += [item["id"] for item in page["items"]]

    assert seen == list(reversed(made))


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=%00",
        "cursor=Zm9v",
        "cursor=WyJjdXN0b21lcnMiLDFd",
        "x=1",
        "limit=1&limit=2",
    ],
)
def test_a_bad_parameter_is_refused(api: Api, query: str) -> None:
    answer = api.send("GET", f"/v1/customers?{query}")

    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"
