"""Staff, API keys, the publisher, one's sessions: what is sent to the API, and what is shown of its answers."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.tests.conftest import FakeApi, form_token, problem
from services.console.tests.examples import ME
from services.console.views.sessions import browser

STAFF_ID = "stf_06h5yvkg1scm7h3b8k5rqt2xz0"
PERSON: dict[str, Any] = {
    "id": STAFF_ID,
    "email": "grace@example.com",
    "name": "Grace <b>H</b>",
    "role": "agent",
    "status": "active",
    "password_change_required": False,
    "created_at": "2026-01-31T23:30:00.000000Z",
    "last_sign_in_at": None,
    "disabled_at": None,
}
ONE = f"/v1/identity/staff/{STAFF_ID}"
EDIT = f"/console/settings/staff/{STAFF_ID}"


@pytest.fixture
def manager(client: FlaskClient, fake: FakeApi) -> FlaskClient:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": [*ME["scopes"], "identity:manage"]}
    fake.answers["GET /v1/identity/staff"] = {"items": [PERSON], "next_cursor": None}
    fake.answers[f"GET {ONE}"] = httpx2.Response(200, json=PERSON, headers={"ETag": '"3"'})
    fake.answers["GET /v1/identity/api_keys"] = {"items": [], "next_cursor": None}
    return client


def _post(client: FlaskClient, path: str, form_at: str, **data: Any) -> Any:
    return client.post(path, data={**data, "csrf_token": form_token(client, form_at)})


def test_an_edit_is_sent_against_the_version_that_was_shown(manager: FlaskClient, fake: FakeApi) -> None:
    assert 'name="version" value="&#34;3&#34;"' in manager.get(EDIT).text
    fake.answers[f"PATCH {ONE}"] = PERSON
    answer = _post(manager, EDIT, EDIT, name=" Grace ", role="viewer", version='"3"', email="x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/settings/staff")
    sent = next(request for request in fake.asked if request.method == "PATCH")
    assert sent.headers["If-Match"] == '"3"'
    assert fake.bodies(ONE)[-1] == {"name": "Grace", "role": "viewer"}


def test_an_edit_against_an_old_version_shows_what_was_wanted_against_the_present_one(
    manager: FlaskClient, fake: FakeApi
) -> None:
    fake.answers[f"PATCH {ONE}"] = problem(412, "changed_meanwhile", "Somebody changed it.")
    answer = _post(manager, EDIT, EDIT, name="Mine", version='"2"')
    assert answer.status_code == 412
    assert "Somebody changed it." in answer.text
    assert 'value="Mine"' in answer.text
    assert 'name="version" value="&#34;3&#34;"' in answer.text


def test_a_form_sent_twice_adds_nobody_twice(manager: FlaskClient, fake: FakeApi) -> None:
    new = "/console/settings/staff/new"
    fake.answers["POST /v1/identity/staff"] = {**PERSON, "temporary_password": "k7wqz-2m9xd"}
    data = {"name": "G", "email": "g@example.com", "role": "agent", "key": "a" * 32}
    assert "k7wqz-2m9xd" in _post(manager, new, new, **data).text
    _post(manager, new, new, **data)
    keys = {
        r.headers["Idempotency-Key"] for r in fake.asked if (r.method, r.url.path) == ("POST", "/v1/identity/staff")
    }
    assert keys == {"a" * 32}


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (EDIT, {"name": "Grace", "version": '"\u00e9"'}),
        (EDIT, {"name": "Grace", "version": '"1"\nX-More: 1'}),
        ("/console/settings/publisher", {"name": "P", "version": "\u00e9"}),
    ],
)
def test_what_no_header_can_hold_is_refused(
    manager: FlaskClient, fake: FakeApi, path: str, data: dict[str, str]
) -> None:
    assert _post(manager, path, EDIT, **data).status_code == 400
    assert all(request.method == "GET" for request in fake.asked)


def test_a_form_that_was_not_taken_can_be_gone_back_to(manager: FlaskClient) -> None:
    came_from = {"Referer": f"http://localhost{EDIT}"}
    refused = manager.post(EDIT, data={"name": "Grace"}, headers=came_from)
    assert refused.status_code == 400
    assert f'href="{EDIT}"' in refused.text
    assert "data-not-taken" in refused.text
    assert "data-not-taken" not in manager.get("/console/settings/nothing", headers=came_from).text


def test_a_password_is_reset_only_when_it_is_meant(manager: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {ONE}/reset_password"] = {**PERSON, "temporary_password": "k7wqz-2m9xd"}
    assert _post(manager, f"{EDIT}/reset-password", EDIT).status_code == 303
    assert not any(request.url.path.endswith("reset_password") for request in fake.asked)
    assert "k7wqz-2m9xd" in _post(manager, f"{EDIT}/reset-password", EDIT, meant="yes").text


def test_names_are_text(manager: FlaskClient, fake: FakeApi) -> None:
    assert "Grace &lt;b&gt;H&lt;/b&gt;" in manager.get("/console/settings/staff").text
    assert "<b>H</b>" not in manager.get(EDIT).text
    key = "key_06h5yvkg1scm7h3b8k5rqt2xzw"
    fake.answers["GET /v1/identity/api_keys"] = {"items": [{"id": key, "name": "Nightly <b>"}], "next_cursor": None}
    asked = manager.get(f"/console/settings/api-keys/{key}/revoke?name=Other").text
    assert "Revoke Nightly &lt;b&gt;?" in asked


def test_a_key_gets_only_scopes_of_its_makers(manager: FlaskClient, fake: FakeApi) -> None:
    new = "/console/settings/api-keys/new"
    fake.answers["POST /v1/identity/api_keys"] = {
        "id": "key_x",
        "name": "N",
        "hint": "ak_live_x",
        "secret": "ak_live_xyz",
    }
    data = {"name": "N", "scopes": ["search:read", "customers:anonymize", "made:up"]}
    assert "ak_live_xyz" in _post(manager, new, new, **data).text
    assert fake.bodies("/v1/identity/api_keys") == [{"name": "N", "scopes": ["search:read"]}]


def test_an_empty_field_of_the_publisher_is_cleared(manager: FlaskClient, fake: FakeApi) -> None:
    path, page = "/v1/identity/publisher", "/console/settings/publisher"
    present = {"name": "P", "time_zone": "UTC", "language": "en", "currency": "EUR"}
    fake.answers[f"GET {path}"] = httpx2.Response(200, json=present, headers={"ETag": '"1"'})
    fake.answers[f"PATCH {path}"] = present
    _post(manager, page, page, name="P", time_zone="UTC", language="en", currency="", version='"1"')
    assert fake.bodies(path)[-1] == {
        "name": "P", "time_zone": "UTC", "language": "en", "currency": None, "website_url": None,
        "offer_url_template": None, "support_email": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "path",
    ["staff", "staff/new", f"staff/{STAFF_ID}", "api-keys", "api-keys/new", "publisher", "ownership"],
)
def test_who_may_not_manage_is_told_so_and_nothing_is_asked(client: FlaskClient, fake: FakeApi, path: str) -> None:
    fake.answers["GET /v1/identity/me"] = {**ME, "role": "agent"}
    assert client.get(f"/console/settings/{path}").status_code == 403
    assert all(request.url.path.startswith("/v1/identity/me") for request in fake.asked)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36 Edg/156.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.5", "curl/8.5"),
        (None, "Unknown"),
    ],
)
def test_browsers_are_called_as_people_call_them(said: str | None, shown: str) -> None:
    assert browser(said) == shown
