"""Addresses: one thing has one, and no answer repeats what a stranger put into a header."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from services.customers.tests.conftest import Api


@pytest.fixture
def customer(api: Api) -> dict[str, Any]:
    return api.create(email="anna@example.com")


@pytest.mark.parametrize(
    "address",
    [
        "/v1/customers/{}//changes",
        "//v1/customers/{}",
        "/v1/customers/{}/",
        "/v1/customers/{}%2Fchanges",
        "/v1/customers/",
    ],
)
def test_what_resembles_an_address_is_not_there(api: Api, customer: dict[str, Any], address: str) -> None:
    answer = api.send("GET", address.format(customer["id"]), headers={"Host": "evil.example"})

    assert answer.status_code == 404, answer.text
    assert answer.content_type == "application/problem+json"
    assert "Location" not in answer.headers
    assert "evil" not in answer.text


def test_even_a_route_that_flask_would_redirect_to_does_not(app: Flask, api: Api) -> None:
    app.add_url_rule("/v1/branch/", "branch", lambda: "never")

    answer = api.send("GET", "/v1/branch", headers={"Host": "evil.example"})

    assert answer.status_code == 404
    assert "Location" not in answer.headers


@pytest.mark.parametrize("query", ["email=%ff", "email=%00", "email=%ed%a0%80"])
def test_a_query_that_is_not_text_is_refused(api: Api, query: str) -> None:
    answer = api.send("GET", f"/v1/customers?{query}")

    assert answer.status_code == 400, answer.text


def test_an_answer_without_a_body_has_no_content_type(app: Flask, api: Api) -> None:
    app.add_url_rule("/v1/empty", "empty", lambda: ("", 204))

    for answer in (api.send("OPTIONS", "/v1/customers"), api.send("GET", "/v1/empty")):
        assert answer.status_code in (200, 204)
        assert "Content-Type" not in answer.headers
        assert answer.data == b""
    assert "POST" in api.send("OPTIONS", "/v1/customers").headers["Allow"]
