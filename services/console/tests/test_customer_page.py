"""One customer's page: summary, history, anonymizing, and what is shown when something fails."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.tests.conftest import FakeApi, problem
from services.console.tests.examples import CUSTOMER, ID, ME
from services.console.tests.test_editing import ENTRY, token

API = f"/v1/customers/{ID}"
PAGE = f"/console/customers/{ID}"
PART = {"HX-Request": "true"}
ERASURE: dict[str, Any] = {
    "customer_id": ID,
    "status": "in_progress",
    "requested_at": "2026-03-01T10:00:00.000000Z",
    "requested_by": "stf_06h5yvkg1scm7h3b8k5rqt2xzw",
    "completed_at": None,
    "services": [{"service": "search", "confirmed_at": None}],
}


@pytest.fixture(autouse=True)
def _customer(fake: FakeApi) -> None:
    fake.answers[f"GET {API}"] = CUSTOMER


@pytest.mark.parametrize(
    ("missing", "title"),
    [
        ({}, "Anna Müller"),
        ({"first_name": None, "last_name": None}, "anna@example.com"),
        ({"first_name": None, "last_name": None, "email": None}, ID),
    ],
)
def test_the_page_is_named_for_the_customer(
    client: FlaskClient, fake: FakeApi, missing: dict[str, None], title: str
) -> None:
    fake.answers[f"GET {API}"] = {**CUSTOMER, **missing}
    assert f"<title>{title} · Customer Accounts</title>" in client.get(PAGE).text


def test_the_summary_has_everything_that_is_known(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET {API}"] = {
        **CUSTOMER,
        "phone": "+49 30 123456",
        "company": "Beispiel GmbH",
        "address": {
            "line1": "Weg 1",
            "line2": None,
            "city": "Wien",
            "state": None,
            "postal_code": "1010",
            "country": "AT",
        },
        "attributes": {"plan_interest": "gold", "newsletter": True, "visits": 0},
    }
    page = client.get(PAGE, headers={"Accept-Language": "en-GB"}).text
    shown = ("+49 30 123456", "Beispiel GmbH", "Weg 1<br>1010 Wien<br>Austria", "Germany", "German", "Euro", "C-10042")
    for each in (*shown, "12 Mar 1985", "plan_interest", "gold", ">yes<", ">0<"):
        assert each in page
    assert f'data-copies="{ID}"' in page


def test_what_is_hidden_is_shown_as_hidden_and_not_as_empty(client: FlaskClient, fake: FakeApi) -> None:
    parts = ("line1", "line2", "city", "state", "postal_code")
    masked = ["email", "first_name", "last_name", "phone", "company", "birthdate", "external_ids", "attributes"]
    blank: dict[str, Any] = {
        **dict.fromkeys(masked),
        "external_ids": [],
        "attributes": {},
        "address": {**dict.fromkeys(parts), "country": "AT"},
        "masked": [*masked, *(f"address.{part}" for part in parts)],
    }
    fake.answers[f"GET {API}"] = {**CUSTOMER, **blank}
    summary = client.get(f"{PAGE}/summary", headers=PART).text
    assert f'data-title="{ID}"' in summary
    assert "Personal data hidden" in summary
    assert summary.count("Hidden</span>") == len(masked) - 1  # the names are one title, and the address counts
    assert "Hidden</span><br>Austria" in summary


def test_an_anonymized_customer_is_shown_as_such(client: FlaskClient, fake: FakeApi) -> None:
    erased: dict[str, Any] = dict.fromkeys(("email", "first_name", "last_name", "birthdate", "language"))
    when = {"status": "anonymized", "anonymized_at": "2026-03-01T10:00:00.000000Z", "external_ids": []}
    fake.answers[f"GET {API}"] = {**CUSTOMER, **erased, **when}
    page = client.get(PAGE).text
    assert ">Anonymized</span>" in page
    assert f"{PAGE}/anonymization" in page
    assert "Edit information" not in page
    assert "Anonymize …" not in page


def test_a_customer_who_is_not_there_has_no_page(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET {API}"] = problem(404, "customer_not_found", "There is no customer with this ID.")
    assert client.get(PAGE).status_code == 404


@pytest.mark.parametrize(
    "failure",
    [problem(503, "unavailable", "The database rests."), httpx2.ReadTimeout("slow"), httpx2.ConnectError("gone")],
)
def test_a_service_that_fails_leaves_the_page_and_a_way_to_try_again(
    client: FlaskClient, fake: FakeApi, failure: Any
) -> None:
    fake.answers[f"GET {API}"] = failure
    page = client.get(PAGE)
    assert page.status_code == 200
    assert 'hx-trigger="load, retry"' in page.text
    panel = client.get(f"{PAGE}/summary", headers=PART)
    assert panel.status_code == 200
    assert "Not available right now" in panel.text
    assert "data-retry" in panel.text


def test_a_page_that_is_quick_has_its_summary_at_once(client: FlaskClient, fake: FakeApi) -> None:
    page = client.get(PAGE).text
    assert '<h1 class="summary-name" dir="auto">Anna Müller</h1>' in page
    assert 'hx-trigger="retry"' in page
    assert [request.url.path for request in fake.asked].count(API) == 1


def test_hostile_values_are_text(client: FlaskClient, fake: FakeApi) -> None:
    evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
    fake.answers[f"GET {API}"] = {
        **CUSTOMER,
        **dict.fromkeys(
            ("email", "first_name", "last_name", "company", "phone", "country", "language", "currency"), evil
        ),
        "address": {"line1": evil, "line2": evil, "city": evil, "state": evil, "postal_code": evil, "country": evil},
        "external_ids": [{"source": evil, "id": evil}],
        "attributes": {"x": evil},
    }
    fields: list[dict[str, Any]] = [
        {"field": name, "old": evil, "new": evil} for name in ("email", "country", "birthdate", evil)
    ]
    fields += [{"field": "external_ids", "old": [{"source": evil, "id": evil}], "new": [evil, 1, None]}]
    fields += [{"field": "address", "old": {evil: evil}, "new": [[evil]]}]
    entry = {**ENTRY, "action": evil, "editor": {"id": evil, "name": evil, "kind": evil}, "fields": fields}
    fake.answers[f"GET {API}/changes"] = {"items": [entry], "next_cursor": None}
    for path in ("", "/summary", "/changes", "/anonymize"):
        me = {**ME, "scopes": [*ME["scopes"], "customers:anonymize"]}
        fake.answers["GET /v1/identity/me"] = me
        text = client.get(f"{PAGE}{path}", headers=PART if path else {}).text
        assert "&lt;script&gt;" in text or "&#34;&gt;" in text
        assert "<script>alert" not in text
        assert "<img" not in text.replace('<img src="/console/static', "")


def test_the_history_has_editor_moment_and_values(client: FlaskClient, fake: FakeApi) -> None:
    hidden = {"field": "email", "old": None, "new": None, "masked": ["old", "new"]}
    fields = [
        {"field": "address.city", "old": None, "new": "Wien"},
        {"field": "country", "old": "DE", "new": "AT"},
        hidden,
    ]
    erased = {**ENTRY, "erased": True, "fields": [{"field": "email", "old": None, "new": None}]}
    fake.answers[f"GET {API}/changes"] = {"items": [{**ENTRY, "fields": fields}, erased], "next_cursor": "more"}
    shown = client.get(f"{PAGE}/changes", headers={**PART, "Accept-Language": "en-GB"}).text
    for each in ("Bob Builder", "staff member", "1 Mar 2026", ">City<", "Wien", "Germany", "Austria", "cursor=more"):
        assert each in shown
    assert shown.count("Hidden</span>") == 2
    assert "The values are gone with the anonymization." in shown


def test_older_changes_come_after_those_that_are_shown(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET {API}/changes"] = {"items": [ENTRY], "next_cursor": None}
    older = client.get(f"{PAGE}/changes?cursor=more", headers=PART).text
    assert "more" in [request.url.params.get("cursor") for request in fake.asked]
    assert "customer-dialog-title" not in older
    assert "Show older" not in older


@pytest.fixture
def may_anonymize(fake: FakeApi) -> None:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": [*ME["scopes"], "customers:anonymize"]}
    fake.answers[f"POST {API}/anonymize"] = httpx2.Response(202, json=ERASURE)
    fake.answers[f"GET {API}/anonymization"] = ERASURE


@pytest.mark.usefixtures("may_anonymize")
@pytest.mark.parametrize("word", ["", "yes", "anonymise"])
def test_nobody_is_anonymized_without_the_word(client: FlaskClient, fake: FakeApi, word: str) -> None:
    sent = {"csrf_token": token(client), "key": "k1", "title": "Anna", "word": word}
    assert "Type anonymize to go on." in client.post(f"{PAGE}/anonymize", data=sent, headers=PART).text
    assert "POST" not in {request.method for request in fake.asked if request.url.path.startswith(API)}


@pytest.mark.usefixtures("may_anonymize")
def test_anonymizing_happens_once_and_tells_how_far_it_is(client: FlaskClient, fake: FakeApi) -> None:
    question = client.get(f"{PAGE}/anonymize", headers=PART).text
    key = question.partition('name="key" value="')[2].partition('"')[0]
    sent = {"csrf_token": token(client), "key": key, "title": "Anna", "word": " Anonymize "}
    for _ in range(2):
        begun = client.post(f"{PAGE}/anonymize", data=sent, headers=PART)
    keys = [r.headers["Idempotency-Key"] for r in fake.asked if r.url.path == f"{API}/anonymize"]
    assert keys == [key, key]
    assert begun.headers["HX-Trigger"] == "customer-changed"
    assert f'hx-get="{PAGE}/anonymization"' in begun.text
    fake.answers[f"GET {API}/anonymization"] = {
        **ERASURE,
        "status": "completed",
        "completed_at": ERASURE["requested_at"],
    }
    done = client.get(f"{PAGE}/anonymization", headers=PART).text
    assert "nothing personal is left" in done
    assert "hx-trigger" not in done


@pytest.mark.usefixtures("may_anonymize")
def test_what_stands_in_the_way_of_anonymizing_is_told(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {API}/anonymize"] = problem(409, "access_active", "Access is still active.")
    sent = {"csrf_token": token(client), "key": "k1", "title": "Anna", "word": "anonymize"}
    refused = client.post(f"{PAGE}/anonymize", data=sent, headers=PART).text
    assert "Access is still active." in refused
    assert 'name="end_access"' in refused

    fake.answers[f"POST {API}/anonymize"] = httpx2.Response(202, json=ERASURE)
    client.post(f"{PAGE}/anonymize", data={**sent, "end_access": "yes"}, headers=PART)
    bodies = [json.loads(asked.content) for asked in fake.asked if asked.url.path == f"{API}/anonymize"]
    assert bodies == [{"end_access": False}, {"end_access": True}]


def test_whoever_may_not_anonymize_is_not_asked(client: FlaskClient) -> None:
    assert client.get(f"{PAGE}/anonymize", headers=PART).status_code == 403
