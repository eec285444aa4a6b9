"""Sending the same request again."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import event, text

from servicekit.db.database import Database
from services.customers.tests.conftest import Api, outbox_of

KEY = {"Idempotency-Key": "3f1c"}


def test_the_same_request_again_gets_the_first_answer_and_changes_nothing(api: Api, system_database: Database) -> None:
    first = api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers=KEY)
    second = api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers=KEY)

    assert (second.status_code, second.json) == (201, first.json)
    assert second.headers["Idempotency-Replayed"] == "true"
    for name in ("ETag", "Location", "Version-Token", "Content-Type"):
        assert second.headers[name] == first.headers[name]
    assert len(outbox_of(system_database)) == 1


def test_a_key_used_for_another_request_is_refused(api: Api, system_database: Database) -> None:
    api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers=KEY)

    answer = api.send("POST", "/v1/customers", {"email": "b@example.com"}, headers=KEY)

    assert answer.status_code == 422
    assert (answer.json or {})["code"] == "idempotency_key_reused"
    assert len(outbox_of(system_database)) == 1


def test_a_refused_request_leaves_its_key_free(api: Api) -> None:
    assert api.send("POST", "/v1/customers", {"email": "nothing"}, headers=KEY).status_code == 422

    assert api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers=KEY).status_code == 201


def test_keys_of_different_callers_are_different(api: Api) -> None:
    first = api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers=KEY)
    other = api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers=KEY, as_="b")

    assert other.status_code == 201
    assert (other.json or {})["id"] != (first.json or {})["id"]


def test_many_at_once_with_one_key_are_one(api: Api, system_database: Database) -> None:
    answers: list[tuple[int, object]] = []
    barrier = threading.Barrier(5)

    def create() -> None:
        barrier.wait()
        answer = api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers=KEY)
        answers.append((answer.status_code, (answer.json or {}).get("id")))

    threads = [threading.Thread(target=create) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(answers)) == 1, answers
    assert answers[0][0] == 201
    assert len(outbox_of(system_database)) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ä"])
def test_a_malformed_key_is_refused(api: Api, key: str) -> None:
    answer = api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers={"Idempotency-Key": key})

    assert answer.status_code == 400


def test_after_anonymizing_the_kept_answer_is_gone(api: Api) -> None:
    first = api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers=KEY)
    api.send("POST", f"/v1/customers/{(first.json or {})['id']}/anonymize", {})

    again = api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers=KEY)

    assert again.status_code == 409
    assert (again.json or {})["code"] == "answer_erased"
    assert "a@example.com" not in again.text


def test_a_key_pruned_between_finding_and_reading_it_is_free_again(
    api: Api, database: Database, system_database: Database
) -> None:
    api.send("POST", "/v1/customers", {"email": "a@example.com"}, headers=KEY)

    def prune_first(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("SELECT") and "FROM idempotency_key" in statement:
            with system_database.transaction() as session:
                session.execute(text("DELETE FROM idempotency_key"))

    event.listen(database.engine, "before_cursor_execute", prune_first)
    again = api.send("POST", "/v1/customers", {"email": "b@example.com"}, headers=KEY)

    assert again.status_code == 201
    assert len(outbox_of(system_database)) == 2
