"""One's own password, and being made to choose one."""

from __future__ import annotations

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.tests.conftest import FakeApi, form_token, problem
from services.console.tests.examples import ME

ADDRESS = "/v1/identity/me/password"
GREEN = "three green bicycles"
NEW = {"current_password": "old one", "new_password": GREEN, "repeated_password": GREEN}


def test_a_password_is_changed(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {ADDRESS}"] = httpx2.Response(204)
    answer = client.post("/console/password", data={**NEW, "csrf_token": form_token(client, "/console/password")})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/")
    assert fake.bodies(ADDRESS) == [{"current_password": "old one", "new_password": GREEN}]


def test_two_different_ones_are_not_sent(client: FlaskClient, fake: FakeApi) -> None:
    token = form_token(client, "/console/password")
    answer = client.post("/console/password", data={**NEW, "repeated_password": "another", "csrf_token": token})
    assert answer.status_code == 422
    assert "Not the same as above." in answer.text
    assert fake.bodies(ADDRESS) == []


def test_a_refused_one_is_told_at_its_field_and_never_shown_again(client: FlaskClient, fake: FakeApi) -> None:
    errors = [{"where": "/current_password", "message": "Wrong."}]
    fake.answers[f"POST {ADDRESS}"] = problem(422, "wrong_password", "Wrong.", errors=errors)
    answer = client.post("/console/password", data={**NEW, "csrf_token": form_token(client, "/console/password")})
    assert answer.status_code == 422
    assert 'id="current_password-error">Wrong.' in answer.text
    assert "bicycles" not in answer.text


@pytest.mark.parametrize("path", ["/console/", "/console/customers", "/console/preferences"])
def test_whoever_has_a_temporary_one_has_to_change_it(client: FlaskClient, fake: FakeApi, path: str) -> None:
    fake.answers["GET /v1/identity/me"] = {**ME, "password_change_required": True, "scopes": []}
    assert client.get(path).headers["Location"] == "/console/password"
    assert client.get(path, headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/console/password"
    page = client.get("/console/password").text
    assert "Choose your password" in page
    assert client.get("/console/sign-in").status_code == 200
