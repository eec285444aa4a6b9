"""What the console makes of a file, and of what the API says to it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.tests.conftest import FakeApi, form_token, problem
from services.console.tests.examples import ME

IMPORT_ID = "imp_06h5yvkg1scm7h3b8k5rqt2xzw"
PATH = "/v1/customers/imports"
JOB: dict[str, Any] = {
    "id": IMPORT_ID,
    "name": "people <b>2026</b>",
    "status": "running",
    "dry_run": False,
    "shape": None,
    "columns": [{"column": "<i>No</i>", "field": "external_id", "never_stored": False}],
    "constants": {},
    "received_bytes": 100,
    "rows": {"received": 10, "done": 4, "created": 3, "updated": 0, "unchanged": 0, "rejected": 1},
    "editor": {"id": "stf_06h5yvkg1scm7h3b8k5rqt2xzw", "name": "Olivia", "kind": "staff"},
    "created_at": "2026-01-31T23:30:00.000000Z",
    "ended_at": None,
    "rejects_expire_at": None,
    "problem": None,
}


@pytest.fixture
def importer(client: FlaskClient, fake: FakeApi) -> FlaskClient:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": [*ME["scopes"], "customers:import"]}
    return client


def _send(client: FlaskClient, path: str, content: bytes) -> Any:
    headers = {"X-CSRFToken": form_token(client, "/console/imports/new"), "Content-Type": "application/octet-stream"}
    return client.post(path, data=content, headers=headers)


def test_a_piece_is_passed_on_as_it_is_with_what_was_wished(importer: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {PATH}"] = httpx2.Response(202, json={**JOB, "status": "receiving"})
    answer = _send(importer, "/console/imports?name=n&map=No%3Dexternal_id&map=x%3D&complete=false&evil=1", b"No\n\xff")
    assert answer.json == {
        "id": IMPORT_ID, "status": "receiving", "received_bytes": 100, "page": f"/console/imports/{IMPORT_ID}",
    }  # fmt: skip
    sent = next(request for request in fake.asked if request.url.path == PATH)
    assert sent.content == b"No\n\xff"
    assert sent.headers["Content-Type"] == "application/octet-stream"
    assert list(sent.url.params.multi_items()) == [
        ("map", "No=external_id"), ("map", "x="), ("name", "n"), ("complete", "false"),
    ]  # fmt: skip


def test_what_the_api_refuses_is_shown_and_never_as_markup(importer: FlaskClient, fake: FakeApi) -> None:
    errors = [{"where": "<img src=x>", "message": "Not a field."}]
    fake.answers[f"POST {PATH}"] = problem(422, "import_columns_unknown", "1 of 2 <b>columns</b>", errors=errors)
    answer = _send(importer, "/console/imports?complete=true", b"x")
    assert answer.status_code == 422
    assert "<img" not in answer.text
    assert "<b>" not in answer.text
    assert 'data-column="&lt;img src=x&gt;"' in answer.text


def test_a_page_shows_names_and_columns_as_text_and_asks_again_while_it_runs(
    importer: FlaskClient, fake: FakeApi
) -> None:
    fake.answers[f"GET {PATH}/{IMPORT_ID}"] = JOB
    page = importer.get(f"/console/imports/{IMPORT_ID}").text
    assert "people &lt;b&gt;2026&lt;/b&gt;" in page
    assert "&lt;i&gt;No&lt;/i&gt;" in page
    assert "every 1s" in page
    fake.answers[f"GET {PATH}/{IMPORT_ID}"] = {**JOB, "status": "finished", "ended_at": JOB["created_at"]}
    assert "every 1s" not in importer.get(f"/console/imports/{IMPORT_ID}/state").text


def test_while_the_server_is_down_the_page_goes_on_asking(importer: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET {PATH}/{IMPORT_ID}"] = httpx2.ConnectError("down")
    answer = importer.get(f"/console/imports/{IMPORT_ID}/state", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "every 3s" in answer.text


def test_rejected_rows_come_as_the_api_gives_them(importer: FlaskClient, fake: FakeApi) -> None:
    headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": 'attachment; filename="r.csv"'}
    fake.answers[f"GET {PATH}/{IMPORT_ID}/rejects"] = httpx2.Response(200, content=b"row\r\n2\r\n", headers=headers)
    answer = importer.get(f"/console/imports/{IMPORT_ID}/rejects")
    assert answer.data == b"row\r\n2\r\n"
    assert {name: answer.headers[name] for name in headers} == headers


@pytest.mark.parametrize("import_id", ["x", "imp_", "imp_..%2F..%2Fidentity", "imp_" + "a" * 41, "imp_A" + "a" * 20])
def test_what_is_no_id_reaches_no_address_of_the_api(importer: FlaskClient, fake: FakeApi, import_id: str) -> None:
    assert importer.get(f"/console/imports/{import_id}").status_code == 404
    assert not any("imports" in request.url.path for request in fake.asked)


def test_who_may_not_import_is_told_so(client: FlaskClient, fake: FakeApi) -> None:
    assert client.get("/console/imports").status_code == 403
    assert client.get(f"/console/imports/{IMPORT_ID}/rejects").status_code == 403
    assert not any("imports" in request.url.path for request in fake.asked)
