"""What the console makes of a file, and of what the API says to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.import_kinds import KINDS
from services.console.tests.conftest import FakeApi, form_token, problem
from services.console.tests.examples import ME

IMPORT_ID = "imp_06h5yvkg1scm7h3b8k5rqt2xzw"
PATH = "/v1/customers/imports"
JOB: dict[str, Any] = {
    "id": IMPORT_ID,
    "kind": "customers",
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
    "awaits": None,
    "problem": None,
}
BILLING = "/v1/billing/imports"
PAID: dict[str, Any] = {**JOB, "id": "imp_06h5yvkg1scm7h3b8k5rqt2xzx", "kind": "transactions", "name": "payments"}
PAID_PAGE = f"/console/imports/billing/{PAID['id']}"


def _may(fake: FakeApi, *scopes: str) -> None:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": [*ME["scopes"], *scopes]}


@pytest.fixture
def importer(client: FlaskClient, fake: FakeApi) -> FlaskClient:
    _may(fake, "customers:import")
    return client


@pytest.fixture
def owner(client: FlaskClient, fake: FakeApi) -> FlaskClient:
    """Who may import everything."""
    _may(fake, "customers:import", "billing:import")
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
    assert client.get(PAID_PAGE).status_code == 403


@pytest.mark.parametrize(
    ("kind", "default"), [("offers", "currency"), ("subscriptions", "provider"), ("transactions", "currency")]
)
def test_every_kind_has_a_form_that_asks_for_what_its_rows_may_not_say(
    owner: FlaskClient, kind: str, default: str
) -> None:
    page = owner.get(f"/console/imports/new?kind={kind}").text
    assert f"<h1>Import {kind}</h1>" in page
    assert f'name="kind" value="{kind}"' in page
    assert f'data-set="{default}"' in page
    assert f'aria-current="page">{kind.capitalize()}</a>' in page
    assert "data-set" not in owner.get("/console/imports/new?kind=customers").text


def test_a_file_of_billing_goes_to_billing_with_its_kind_and_is_followed_there(
    owner: FlaskClient, fake: FakeApi
) -> None:
    fake.answers[f"POST {BILLING}"] = httpx2.Response(202, json={**PAID, "status": "receiving"})
    fake.answers[f"POST {BILLING}/{PAID['id']}/content"] = httpx2.Response(202, json=PAID)
    answer = _send(owner, "/console/imports?kind=transactions&set=currency%3DUSD&complete=false", b"x")
    assert answer.json["page"] == PAID_PAGE
    sent = next(request for request in fake.asked if request.url.path == BILLING)
    assert list(sent.url.params.multi_items()) == [
        ("kind", "transactions"), ("set", "currency=USD"), ("complete", "false"),
    ]  # fmt: skip
    assert _send(owner, f"{PAID_PAGE}/content?offset=1&complete=true", b"y").json["page"] == PAID_PAGE
    assert fake.asked[-1].url.path == f"{BILLING}/{PAID['id']}/content"


@pytest.mark.parametrize("kind", ["offers", "subscriptions", "transactions"])
def test_an_unknown_column_of_billing_can_become_what_its_kind_has(
    owner: FlaskClient, fake: FakeApi, kind: str
) -> None:
    errors = [{"where": "Rhythm", "message": "Not a field."}]
    fake.answers[f"POST {BILLING}"] = problem(422, "import_columns_unknown", "1 column", errors=errors)
    offered = _send(owner, f"/console/imports?kind={kind}&complete=true", b"x").text
    assert "custom attribute" not in offered
    assert all(f'<option value="{field}">' in offered for field, _ in KINDS[kind].choices)


def test_an_import_of_billing_is_shown_canceled_and_gives_its_rejected_rows(owner: FlaskClient, fake: FakeApi) -> None:
    path = f"{BILLING}/{PAID['id']}"
    fake.answers[f"GET {path}"] = {**PAID, "awaits": "customers"}
    fake.answers[f"POST {path}/cancel"] = PAID
    fake.answers[f"GET {path}/rejects"] = httpx2.Response(200, content=b"row\r\n")
    page = owner.get(PAID_PAGE).text
    for part in ("state", "cancel", "rejects"):
        assert f'"{PAID_PAGE}/{part}"' in page
    assert "Waits for customers" in page
    assert owner.get(f"{PAID_PAGE}/state").status_code == 200
    assert owner.get(f"{PAID_PAGE}/rejects").data == b"row\r\n"
    token = form_token(owner, PAID_PAGE)
    answer = owner.post(f"{PAID_PAGE}/cancel", data={"csrf_token": token})
    assert (answer.status_code, answer.location) == (303, PAID_PAGE)
    assert fake.asked[-1].url.path == f"{path}/cancel"


def _listing(jobs: list[dict[str, Any]]) -> Callable[[httpx2.Request], httpx2.Response]:
    """A service's list, newest first, its cursors the numbers of those before."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        first, limit = int(request.url.params.get("cursor", "0")), int(request.url.params["limit"])
        end = first + limit
        return httpx2.Response(
            200, json={"items": jobs[first:end], "next_cursor": str(end) if end < len(jobs) else None}
        )

    return answer


def _jobs(kind: str, numbers: range) -> list[dict[str, Any]]:
    return [{**JOB, "id": f"imp_{n:026d}", "kind": kind, "name": f"import-{n}."} for n in reversed(numbers)]


def test_the_list_has_all_services_imports_by_time_each_once(owner: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET {PATH}"] = _listing(_jobs("customers", range(0, 80, 2)))
    fake.answers[f"GET {BILLING}"] = _listing(_jobs("offers", range(1, 40, 2)))
    found, address = [], "/console/imports"
    while address:
        page = owner.get(address).text
        found += [int(number) for number in re.findall(r">import-(\d+)\.<", page)]
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = unescape(older[1]) if older else ""
    assert found == sorted([*range(0, 80, 2), *range(1, 40, 2)], reverse=True)


def test_while_one_service_is_down_the_others_imports_are_shown(owner: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET {PATH}"] = _listing([JOB])
    fake.answers[f"GET {BILLING}"] = problem(503, "unavailable", "down")
    page = owner.get("/console/imports").text
    assert "people &lt;b&gt;" in page
    assert "Imports of billing can't be shown right now" in page
    fake.answers[f"GET {PATH}"] = httpx2.ConnectError("down")
    assert owner.get("/console/imports").status_code == 503


@pytest.mark.parametrize(
    ("scope", "shown", "refused", "mine", "other"),
    [
        ("customers:import", "customers", "offers", PATH, BILLING),
        ("billing:import", "offers", "customers", BILLING, PATH),
        ("notes:import", "notes", "customers", "/v1/notes/imports", BILLING),
    ],
)
def test_only_what_somebody_may_import_is_offered(
    client: FlaskClient, fake: FakeApi, scope: str, shown: str, refused: str, mine: str, other: str
) -> None:
    _may(fake, scope)
    fake.answers[f"GET {mine}"] = _listing([])
    assert f"<h1>Import {shown}</h1>" in client.get("/console/imports/new").text
    assert f"kind={refused}" not in client.get("/console/imports/new").text
    assert client.get(f"/console/imports/new?kind={refused}").status_code == 403
    assert _send(client, f"/console/imports?kind={refused}&complete=true", b"x").status_code == 403
    assert client.get("/console/imports").status_code == 200
    assert other not in [request.url.path for request in fake.asked]


def test_notes_have_a_page_of_their_own(client: FlaskClient, fake: FakeApi) -> None:
    _may(fake, "notes:import")
    job = {**JOB, "kind": "notes", "awaits": "staff"}
    fake.answers["POST /v1/notes/imports"] = httpx2.Response(202, json=job)
    fake.answers[f"GET /v1/notes/imports/{IMPORT_ID}"] = job
    page = f"/console/imports/notes/{IMPORT_ID}"
    assert _send(client, "/console/imports?kind=notes&complete=true", b"email,text\n").json["page"] == page
    sent = next(request for request in fake.asked if request.url.path == "/v1/notes/imports")
    assert "kind" not in sent.url.params
    assert "can't be looked up right now" in unescape(client.get(page).text)


def test_an_unknown_kind_is_nothing(owner: FlaskClient) -> None:
    assert owner.get("/console/imports/new?kind=x").status_code == 404
