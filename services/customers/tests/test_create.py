"""Creating customers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from servicekit.db.database import Database
from services.customers.tests.conftest import Api, outbox_of

FULL: dict[str, Any] = {
    "email": "Anna.Müller@Example.COM",
    "first_name": " Anna ",
    "last_name": "Müller",
    "company": "Müller GmbH",
    "birthdate": "1985-03-12",
    "phone": "+49 (30) 123-456",
    "language": "pt_br",
    "currency": "eur",
    "country": "de",
    "address": {"line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"},
    "external_ids": [{"id": "C-1"}, {"source": "apple", "id": "C-1"}],
    "attributes": {"plan": "gold", "visits": 3, "vip": True, "gone": None},
    "registered_at": "2020-02-29T12:00:00+02:00",
}


def test_what_was_sent_is_kept_in_its_usual_form(api: Api) -> None:
    customer = api.create(**FULL)

    assert customer["email"] == "Anna.Müller@example.com"
    assert customer["first_name"] == "Anna"
    assert (customer["language"], customer["currency"], customer["country"]) == ("pt-BR", "EUR", "DE")
    assert customer["address"]["line2"] is None
    assert customer["address"]["city"] == "Berlin"
    assert customer["external_ids"] == [{"source": "publisher", "id": "C-1"}, {"source": "apple", "id": "C-1"}]
    assert customer["attributes"] == {"plan": "gold", "visits": 3, "vip": True}
    assert customer["registered_at"] == "2020-02-29T10:00:00.000000Z"
    assert customer["version"] == 1
    assert api.send("GET", f"/v1/customers/{customer['id']}").json == customer


def test_the_answer_says_where_it_is_and_which_version(api: Api) -> None:
    answer = api.send("POST", "/v1/customers", {"email": "a@example.com"})

    customer_id = (answer.json or {})["id"]
    assert answer.headers["Location"] == f"/v1/customers/{customer_id}"
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Version-Token"] == f"{customer_id}.1"


def test_an_event_with_the_full_state_waits_to_be_published(api: Api, system_database: Database) -> None:
    answer = api.send(
        "POST",
        "/v1/customers",
        {"email": "a@example.com"},
        headers={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    )

    (event,) = outbox_of(system_database)
    assert event.type == "customers.customer.created.v1"
    assert event.data == {**(answer.json or {}), "imported": False}
    assert (event.publisher_id, event.subject, event.datasubject) == ("pub_a", event.data["id"], event.data["id"])
    assert event.aggregate_version == 1
    assert event.traceparent is not None
    assert event.traceparent.startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert "b7ad6b7169203331" not in event.traceparent


def test_an_email_belongs_to_one_customer_of_a_publisher_whatever_its_letter_case(api: Api) -> None:
    api.create(email="anna@example.com")

    answer = api.send("POST", "/v1/customers", {"email": "ANNA@example.com", "last_name": "Other"})

    assert answer.status_code == 409
    assert (answer.json or {})["code"] == "email_taken"
    assert "cus_" not in answer.text
    api.create(email="anna@example.com", as_="b")


def test_an_external_id_belongs_to_one_customer_for_each_source(api: Api, system_database: Database) -> None:
    api.create(external_ids=[{"id": "C-1"}])

    answer = api.send("POST", "/v1/customers", {"email": "x@example.com", "external_ids": [{"id": "0"}, {"id": "C-1"}]})

    assert answer.status_code == 409
    assert (answer.json or {})["errors"][0]["where"] == "/external_ids/1"
    assert len(outbox_of(system_database)) == 1
    assert (api.send("GET", "/v1/customers?email=x@example.com").json or {})["items"] == []
    api.create(external_ids=[{"source": "apple", "id": "C-1"}])
    api.create(external_ids=[{"id": "C-1"}], as_="b")


def test_two_at_once_with_one_email_end_in_one_customer(api: Api) -> None:
    statuses: list[int] = []
    barrier = threading.Barrier(4)

    def create() -> None:
        barrier.wait()
        statuses.append(api.send("POST", "/v1/customers", {"email": "same@example.com"}).status_code)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    ("where", "body"),
    [
        ("/email", {"email": "no address"}),
        ("/email", {"email": "a@b@example.com"}),
        ("/email", {"email": "a" * 250 + "@example.com"}),
        ("/email", {"email": 5}),
        ("/email", {}),
        ("/emial", {"emial": "a@example.com"}),
        ("/first_name", {"email": "a@example.com", "first_name": "x" * 101}),
        ("/first_name", {"email": "a@example.com", "first_name": "a\u0007b"}),
        ("/first_name", {"email": "a@example.com", "first_name": ["a"]}),
        ("/birthdate", {"email": "a@example.com", "birthdate": "2999-01-01"}),
        ("/birthdate", {"email": "a@example.com", "birthdate": "1985-02-30"}),
        ("/birthdate", {"email": "a@example.com", "birthdate": "1700-01-01"}),
        ("/country", {"email": "a@example.com", "country": "XX"}),
        ("/country", {"email": "a@example.com", "country": "Germany"}),
        ("/currency", {"email": "a@example.com", "currency": "EURO"}),
        ("/language", {"email": "a@example.com", "language": "klingon"}),
        ("/phone", {"email": "a@example.com", "phone": "call me"}),
        ("/address/zip", {"email": "a@example.com", "address": {"zip": "1"}}),
        ("/address/country", {"email": "a@example.com", "address": {"country": "Q"}}),
        ("/external_ids/0/id", {"external_ids": [{"source": "x"}]}),
        ("/external_ids/0/source", {"external_ids": [{"source": "No Good", "id": "1"}]}),
        ("/external_ids", {"external_ids": [{"id": "1"}, {"id": "1"}]}),
        ("/attributes", {"email": "a@example.com", "attributes": {"bad name": 1}}),
        ("/attributes", {"email": "a@example.com", "attributes": {"a": {"deep": 1}}}),
        ("/attributes", {"email": "a@example.com", "attributes": {f"n{i}": i for i in range(51)}}),
        ("/registered_at", {"email": "a@example.com", "registered_at": "2999-01-01T00:00:00Z"}),
        ("/registered_at", {"email": "a@example.com", "registered_at": "2020-01-01T00:00:00"}),
        ("/version", {"email": "a@example.com", "version": 9}),
    ],
)
def test_bad_content_is_refused_with_its_place(
    api: Api, system_database: Database, where: str, body: dict[str, Any]
) -> None:
    answer = api.send("POST", "/v1/customers", body)

    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"
    assert where in [error["where"] for error in (answer.json or {})["errors"]], answer.text
    assert outbox_of(system_database) == []


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (400, b"{"),
        (400, b'{"email": "\xff"}'),
        (400, b'{"email": "\\ud800@example.com"}'),
        (400, b'{"email": "a\\u0000@example.com"}'),
        (400, b'{"a\\u0000": 1}'),
        (400, b'{"attributes": ' + b"[" * 40 + b"]" * 40 + b"}"),
        (400, b"[" * 100_000),
        (422, b"[]"),
        (422, b'"text"'),
        (422, b"17"),
        (422, b"null"),
        (413, b'{"email": "' + b"a" * 1_000_001 + b'"}'),
    ],
)
def test_what_is_not_a_json_object_is_refused(api: Api, status: int, raw: bytes) -> None:
    answer = api.send("POST", "/v1/customers", raw=raw)

    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"


def test_another_media_type_is_refused(api: Api) -> None:
    answer = api.send("POST", "/v1/customers", raw=b"email=a", headers={"Content-Type": "text/plain"})

    assert answer.status_code == 415


def test_a_reader_may_not_create(api: Api) -> None:
    answer = api.send("POST", "/v1/customers", {"email": "a@example.com"}, as_="reader")

    assert answer.status_code == 403
    assert "customers:write" in (answer.json or {})["detail"]
