"""Signing in and out, and who can't be made to."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.console.protection import FIRST, safe_next
from services.console.tests.conftest import SECRET, FakeApi, form_token, problem

RIGHT = {"email": " owner@example.com ", "password": "correct"}


def test_signing_in_begins_a_session_that_scripts_cannot_read(stranger: FlaskClient, fake: FakeApi) -> None:
    answer = stranger.post("/console/sign-in", data={**RIGHT, "csrf_token": form_token(stranger)})
    assert (answer.status_code, answer.headers["Location"]) == (303, FIRST)
    assert fake.bodies("/v1/identity/token") == [{"email": "owner@example.com", "password": "correct"}]
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("accounts_session=")]
    assert cookie.startswith(f"accounts_session={SECRET};")
    assert {"HttpOnly", "Path=/console", "SameSite=Lax", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert stranger.get("/console/customers").status_code == 200


def test_tries_are_counted_by_where_they_come_from(stranger: FlaskClient, fake: FakeApi) -> None:
    data = {**RIGHT, "csrf_token": form_token(stranger)}
    stranger.post("/console/sign-in", data=data, headers={"X-Forwarded-For": "203.0.113.7", "User-Agent": "Näv/1"})
    (tried,) = [request for request in fake.asked if request.url.path == "/v1/identity/token"]
    assert tried.url.host == "identity.invalid"
    assert (tried.headers["X-Forwarded-For"], tried.headers["User-Agent"]) == ("203.0.113.7", "N?v/1")


def test_over_https_cookies_are_kept_to_it(stranger: FlaskClient) -> None:
    token = form_token(stranger)
    answer = stranger.post(
        "/console/sign-in", data={**RIGHT, "csrf_token": token}, headers={"X-Forwarded-Proto": "https"}
    )
    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_the_session_of_before_ends_and_its_forms_with_it(client: FlaskClient, fake: FakeApi) -> None:
    before = form_token(client)
    fake.answers["POST /v1/identity/token"] = {"access_token": "ses_" + "n" * 43, "expires_in": 60}
    assert client.post("/console/sign-in", data={**RIGHT, "csrf_token": before}).status_code == 303
    ended = [request.headers["Authorization"] for request in fake.asked if request.method == "DELETE"]
    assert ended == [f"Bearer {SECRET}"]
    assert client.post("/console/sign-out", data={"csrf_token": before}).status_code == 400


def test_a_wrong_password_is_told_and_the_address_kept(stranger: FlaskClient, fake: FakeApi) -> None:
    fake.answers["POST /v1/identity/token"] = problem(401, "wrong_credentials", "The password is wrong.")
    answer = stranger.post(
        "/console/sign-in", data={"email": "a@example.com", "password": "p", "csrf_token": form_token(stranger)}
    )
    assert answer.status_code == 401
    assert "The password is wrong." in answer.text
    assert 'value="a@example.com"' in answer.text
    assert "accounts_session" not in str(answer.headers)


def test_too_many_tries_are_told_with_the_time_to_wait(stranger: FlaskClient, fake: FakeApi) -> None:
    refused = problem(429, "too_many_attempts", "Try again in 61 seconds.", headers={"Retry-After": "61"})
    fake.answers["POST /v1/identity/token"] = refused
    answer = stranger.post("/console/sign-in", data={**RIGHT, "csrf_token": form_token(stranger)})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "61")
    assert "Try again in 61 seconds." in answer.text


def test_signing_out_ends_the_session(client: FlaskClient, fake: FakeApi) -> None:
    answer = client.post("/console/sign-out", data={"csrf_token": form_token(client, "/console/customers")})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/sign-in")
    assert fake.asked[-1].method == "DELETE"
    assert client.get("/console/customers").headers["Location"].startswith("/console/sign-in?")


def test_without_a_session_every_page_leads_to_the_sign_in_and_back(stranger: FlaskClient) -> None:
    answer = stranger.get("/console/customers?q=anna")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/console/sign-in?next=%2Fconsole%2Fcustomers%3Fq%3Danna"


def test_an_ended_session_leads_a_script_to_the_sign_in_too(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/identity/me"] = problem(401, "invalid_credential", "Sign in again.")
    asking = {"HX-Request": "true", "HX-Current-URL": "http://localhost/console/customers?q=anna"}
    answer = client.get("/console/preferences", headers=asking)
    assert answer.headers["HX-Redirect"] == "/console/sign-in?next=%2Fconsole%2Fcustomers%3Fq%3Danna"


def test_what_is_being_typed_in_the_search_box_outlasts_the_session(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/identity/me"] = problem(401, "invalid_credential", "Sign in again.")
    asking = {"HX-Request": "true", "HX-Current-URL": "http://localhost/console/customers?q=anna"}
    answer = client.get("/console/customers?q=annab", headers=asking)
    assert answer.headers["HX-Redirect"] == "/console/sign-in?next=%2Fconsole%2Fcustomers%3Fq%3Dannab"


def test_only_signing_in_and_files_are_open_to_all(console: Flask) -> None:
    open_views = {name for name, view in console.view_functions.items() if getattr(view, "open_to_all", False)}
    assert open_views == {"auth.sign_in", "auth.post_sign_in", "assets.static_file", "healthz", "readyz", "metrics"}


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}], ids=str)
def test_forms_of_other_sites_are_refused(stranger: FlaskClient, fake: FakeApi, headers: dict[str, str]) -> None:
    data = {**RIGHT, "csrf_token": form_token(stranger)}
    assert stranger.post("/console/sign-in", data=data, headers=headers).status_code == 403
    assert fake.asked == []


def test_an_origin_that_is_no_address_is_refused(stranger: FlaskClient, fake: FakeApi) -> None:
    data = {**RIGHT, "csrf_token": form_token(stranger)}
    assert stranger.post("/console/sign-in", data=data, headers={"Origin": "http://["}).status_code == 403
    assert fake.asked == []


@pytest.mark.parametrize("headers", [{"Referer": "http://["}, {"HX-Request": "true", "HX-Current-URL": "http://[x"}])
def test_whoever_comes_from_no_address_is_led_to_the_sign_in(stranger: FlaskClient, headers: dict[str, str]) -> None:
    answer = stranger.post("/console/preferences/theme", headers=headers)
    address = answer.headers.get("HX-Redirect") or answer.headers["Location"]
    assert (address, answer.status_code < 400) == ("/console/sign-in?next=%2Fconsole%2F", True)


def test_a_cookie_that_holds_no_session_is_passed_over(console: Flask, fake: FakeApi) -> None:
    browser = console.test_client()
    browser.set_cookie("accounts_session", "s\u00e9s", path="/console")
    answer = browser.post("/console/sign-in", data={**RIGHT, "csrf_token": form_token(browser)})
    assert answer.status_code == 303
    assert [request.method for request in fake.asked] == ["POST"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_health_can_be_asked_without_a_session(stranger: FlaskClient, path: str) -> None:
    assert stranger.get(path).status_code == 200


def test_forms_without_their_token_are_refused(client: FlaskClient, fake: FakeApi) -> None:
    assert client.post("/console/sign-out").status_code == 400
    assert all(request.method != "DELETE" for request in fake.asked)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "https://evil.example/",
        "//evil.example/console/",
        "/\\evil.example",
        "/console/\\evil.example",
        "/console/..//evil.example",
        "/console",
        "/v1/customers",
        "/console/\r\nSet-Cookie: x=1",
        "javascript:alert(1)",
        "/console/sign-out",
        "/console/sign-in?next=/console/x",
        "/console/%2e%2E//evil.example",
        "/console/.%2e/v1/customers",
    ],
)
def test_one_is_never_led_elsewhere(address: str | None) -> None:
    assert safe_next(address) == FIRST


def test_one_is_led_back_to_where_one_was() -> None:
    assert safe_next("/console/customers?q=a&sort=-email") == "/console/customers?q=a&sort=-email"
