"""Bodies: what could be misread is refused, and the answer says why."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from servicekit.db.database import Database
from services.customers.tests.conftest import Api, outbox_of


def _attribute(value: str) -> bytes:
    return b'{"email": "a@example.com", "attributes": {"a": %s}}' % value.encode()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (_attribute("99999999999999999999999"), "send it as text"),
        (_attribute("18446744073709551616"), "send it as text"),
        (_attribute("-9223372036854775809"), "send it as text"),
        (_attribute("9" * 300), "send it as text"),
        (b'{"email": "a@example.com", "email": "b@example.com"}', "'email' twice"),
        (b'{"email": "a@example.com", "em\\u0061il": "b@example.com"}', "'email' twice"),
        (b'{"email": "a@example.com", "attributes": {"a": 1, "b": ":", "a": 1}}', "'a' twice"),
        (b'{"email": "\\ud800@example.com"}', "surrogate"),
        (b'{"email": "\\udc00@example.com"}', "surrogate"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "byte order mark"),
        (b'{"email": "\xff"}', "not UTF-8: look at byte 12"),
        (b'{"attributes": ' + b"[" * 40 + b"]" * 40 + b"}", "deeper than 32"),
        (b"[" * 100_000, "deeper than 32"),
        (_attribute("1e999"), "too large"),
        (_attribute("NaN"), "not JSON: line 1"),
        (_attribute('"\\u0000"'), "NUL"),
        (b"", "missing"),
    ],
)
def test_what_could_be_misread_is_refused_and_says_why(
    api: Api, system_database: Database, raw: bytes, reason: str
) -> None:
    answer = api.send("POST", "/v1/customers", raw=raw)

    assert answer.status_code == 400, answer.text
    assert reason in (answer.json or {})["detail"]
    assert outbox_of(system_database) == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("18446744073709551615", 18446744073709551615),
        ("-9223372036854775808", -9223372036854775808),
        ('"99999999999999999999999"', "99999999999999999999999"),
        ('"\\\\u0000: :: {\\"a\\": 1}"', '\\u0000: :: {"a": 1}'),
        ("1.5", 1.5),
        ("1e23", 1e23),
        ("-12e30", -12e30),
    ],
)
def test_what_is_kept_is_what_was_sent(api: Api, sent: str, kept: Any) -> None:
    answer = api.send("POST", "/v1/customers", raw=_attribute(sent))

    assert answer.status_code == 201, answer.text
    assert (answer.json or {})["attributes"] == {"a": kept}
    again = api.send("GET", f"/v1/customers/{(answer.json or {})['id']}")
    assert again.status_code == 200
    assert (again.json or {})["attributes"] == {"a": kept}
    assert api.edit((answer.json or {})["id"], first_name="Anna").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "gzip"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json; charset=utf-16"},
    ],
)
def test_another_encoding_is_refused_as_such(api: Api, headers: dict[str, str]) -> None:
    for raw in (b'{"email": "a@example.com"}', gzip.compress(b'{"email": "a@example.com"}')):
        assert api.send("POST", "/v1/customers", raw=raw, headers=headers).status_code == 415


def test_utf_8_may_be_named(api: Api) -> None:
    headers = {"Content-Type": "application/json; charset=UTF-8", "Content-Encoding": "identity"}

    assert api.send("POST", "/v1/customers", raw=b'{"email": "a@example.com"}', headers=headers).status_code == 201


def test_what_cannot_be_undone_needs_its_body_and_a_login_does_not(api: Api) -> None:
    customer = api.create(email="a@example.com", last_name="Stays")
    path = f"/v1/customers/{customer['id']}"

    assert api.send("POST", f"{path}/anonymize").status_code == 400
    assert (api.send("GET", path).json or {})["last_name"] == "Stays"
    assert api.send("POST", f"{path}/logins").status_code == 201
