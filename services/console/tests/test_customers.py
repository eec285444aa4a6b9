"""The list as a page and as a part of one."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.listing import marked
from services.console.tests.conftest import FakeApi, problem
from services.console.tests.examples import CUSTOMER, ID, ME, PAGE, PREFERENCES

QUERY = "/v1/search/customers/query"
PART = {"HX-Request": "true"}


def test_the_list_shows_customers_and_why_they_match(client: FlaskClient, fake: FakeApi) -> None:
    page = client.get("/console/customers?q=mul").text
    assert f'href="/console/customers/{ID}" target="_blank" rel="noopener"' in page
    assert "anna@example.com" in page
    assert "last name</span> <bdi>Müller</bdi>" in page
    assert fake.bodies(QUERY)[0]["q"] == "mul"


def test_a_script_gets_only_the_part_that_changes(client: FlaskClient) -> None:
    answer = client.get("/console/customers?q=mul", headers=PART)
    assert "<html" not in answer.text
    assert "anna@example.com" in answer.text
    assert answer.headers["Vary"] == "HX-Request"
    assert "<html" in client.get("/console/customers", headers={**PART, "HX-History-Restore-Request": "true"}).text


DATES = ("registered_at", "last_login_at")


def test_accounts_are_shown_as_people_read_them(client: FlaskClient, fake: FakeApi) -> None:
    names = ["transactions_count", "last_payment_method", "subscription_status", "next_payment_at", "lifetime_value"]
    names += ["first_channel", "last_channel", "has_access", "access_until", "active_subscriptions"]
    listed = {**PREFERENCES, "customer_list": {"columns": names}}
    fake.answers["GET /v1/identity/me/preferences"] = listed
    page = client.get("/console/customers").text
    for shown in ("1,204", "Visa •••• 4242", "Payment failed", "€12.99", "€47.97", "¥500", "Web", "Yes"):
        assert shown in page, shown
    assert set(fake.bodies(QUERY)[0]["columns"]) == {*names, "next_payment", "flags"}
    fake.answers[f"POST {QUERY}"] = {**PAGE, "items": [{**PAGE["items"][0], "last_payment_method": None}]}
    assert "Visa" not in client.get("/console/customers").text


def test_sorting_turns_around(client: FlaskClient, fake: FakeApi) -> None:
    page = client.get("/console/customers?sort=email&at=c1").text
    assert '<th scope="col" role="columnheader" aria-sort="ascending">' in page
    assert 'href="/console/customers?sort=-email"' in page
    assert fake.bodies(QUERY)[0] == {
        "q": "",
        "limit": 50,
        "columns": [
            "email",
            "first_name",
            "last_name",
            "id",
            *DATES,
            "transactions_count",
            "last_payment_method",
            "flags",
        ],
        "sort": "email",
        "cursor": "c1",
    }


@pytest.mark.parametrize("sort", ["nonsense", "--email", "id;drop", "-"])
def test_what_nothing_can_be_sorted_by_is_left_out(client: FlaskClient, fake: FakeApi, sort: str) -> None:
    assert client.get("/console/customers", query_string={"sort": sort}).status_code == 200
    assert "sort" not in fake.bodies(QUERY)[0]


def test_from_whom_personal_data_is_hidden_sorts_by_nothing_personal(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": ["customers:read", "search:read"]}
    page = client.get("/console/customers?sort=email").text
    assert "sort" not in fake.bodies(QUERY)[0]
    assert 'id="sort-registered_at"' in page
    assert 'id="sort-email"' not in page
    assert '<option value="email"' not in page
    fake.answers[f"POST {QUERY}"] = problem(403, "personal_data_hidden", "Personal data is hidden from you.")
    for headers in ({}, PART):
        assert "Personal data is hidden from you." in client.get("/console/customers?q=anna", headers=headers).text


def test_pages_lead_on_and_back(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {QUERY}"] = {**PAGE, "next_cursor": "c3"}
    page = client.get("/console/customers?q=a&at=c1&at=c2").text
    assert 'rel="prev" href="/console/customers?q=a&amp;at=c1"' in page
    assert 'rel="next" href="/console/customers?q=a&amp;at=c1&amp;at=c2&amp;at=c3"' in page


def test_a_total_that_is_not_exact_can_be_made_so(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {QUERY}"] = {**PAGE, "total": {"value": 10_000, "exact": False}}
    page = client.get("/console/customers").text
    assert "<strong>10,000+</strong>" in page
    assert 'href="/console/customers?total=exact"' in page
    client.get("/console/customers?total=exact")
    assert fake.bodies(QUERY)[-1]["total"] == "exact"


def test_a_mistake_is_shown_where_it_is(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {QUERY}"] = problem(
        422,
        "invalid_query",
        "No such field. Use city.",
        position=0,
        hint="Use city.",
        errors=[{"where": "q", "message": "No such field."}],
    )
    whole, part = client.get("/console/customers?q=town:x"), client.get("/console/customers?q=town:x", headers=PART)
    assert (whole.status_code, part.status_code) == (422, 200)
    for answer in (whole, part):
        assert "No such field. Use city." in answer.text
        assert "<mark>town</mark>:x" in answer.text


@pytest.mark.parametrize(
    ("q", "position", "expected"),
    [
        ("a town:x", 2, ("a ", "town", ":x")),
        ("a ((b", 2, ("a ", "(", "(b")),
        ("city:", 5, ("city:", "", "")),
        ("a", 99, ("a", "", "")),
        ("a", -1, ("a", "", "")),
        ("a", None, ("a", "", "")),
    ],
)
def test_a_mistake_is_marked(q: str, position: object, expected: tuple[str, str, str]) -> None:
    assert marked(q, position) == expected


def test_an_engine_that_is_down_is_told_with_a_way_to_retry(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {QUERY}"] = problem(503, "search_engine_unavailable", "The engine is down.")
    answer = client.get("/console/customers?q=anna")
    assert answer.status_code == 503
    assert "The engine is down." in answer.text
    assert "Try again" in answer.text


def test_a_gateway_that_is_gone_is_told(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {QUERY}"] = httpx2.ConnectError("gone")
    assert "The server doesn&#39;t answer right now" in client.get("/console/customers", headers=PART).text


def test_a_degraded_answer_says_so(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {QUERY}"] = {**PAGE, "degraded": True}
    assert "The search engine is down" in client.get("/console/customers").text


@pytest.mark.parametrize(("address", "told"), [("", "No customers yet"), ("?q=x", "Nobody found")])
def test_an_empty_list_says_what_to_do(client: FlaskClient, fake: FakeApi, address: str, told: str) -> None:
    fake.answers[f"POST {QUERY}"] = {**PAGE, "items": [], "total": {"value": 0, "exact": True}}
    assert told in client.get(f"/console/customers{address}").text


def test_hostile_text_is_text(client: FlaskClient, fake: FakeApi) -> None:
    hostile: dict[str, Any] = dict.fromkeys(("email", "first_name", "last_name"), "<script>alert(1)</script>\"'>")
    matched = [{"attribute": "<b>", "value": "<img src=x>", "how": "word"}]
    fake.answers[f"POST {QUERY}"] = {**PAGE, "items": [{**CUSTOMER, **hostile, "matched": matched}]}
    page = client.get("/console/customers", query_string={"q": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_times_are_the_readers_own(client: FlaskClient) -> None:
    client.set_cookie("accounts_time_zone", "Europe/Berlin", path="/console")
    page = client.get("/console/customers", headers={"Accept-Language": "de-AT"}).text
    assert '<time datetime="2026-01-31T23:30:00.000000Z"' in page
    assert "01.02.2026, 00:30" in page


@pytest.mark.parametrize("zone", ["../../etc/passwd", "Nowhere/Atlantis", "\0", "x" * 500])
def test_a_zone_that_is_none_is_utc(client: FlaskClient, zone: str) -> None:
    client.set_cookie("accounts_time_zone", zone, path="/console")
    assert "31 Jan 2026, 23:30" in client.get("/console/customers", headers={"Accept-Language": "en-GB"}).text


def test_a_customers_page_asks_for_its_panels_one_by_one(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET /v1/customers/{ID}"] = CUSTOMER
    assert f'hx-get="/console/customers/{ID}/summary"' in client.get(f"/console/customers/{ID}").text
    summary = client.get(f"/console/customers/{ID}/summary", headers=PART).text
    for shown in ("Anna Müller", "anna@example.com", ID, "C-10042", "Germany", "German", "Euro"):
        assert shown in summary


def test_a_panel_that_cannot_be_loaded_says_so_and_can_be_tried_again(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET /v1/customers/{ID}"] = problem(503, "unavailable", "The database is down.", request_id="req_1")
    assert client.get(f"/console/customers/{ID}").status_code == 200
    part = client.get(f"/console/customers/{ID}/summary", headers=PART)
    assert "<html" not in part.text
    for shown in ("The database is down.", "req_1", "data-retry"):
        assert shown in part.text


@pytest.mark.parametrize(("status", "told"), [(404, "No such customer."), (403, "Not for you.")])
def test_who_is_not_there_is_an_error_page(client: FlaskClient, fake: FakeApi, status: int, told: str) -> None:
    fake.answers[f"GET /v1/customers/{ID}"] = problem(status, "code", told)
    page = client.get(f"/console/customers/{ID}")
    assert (page.status_code, told in page.text) == (status, True)


def test_an_anonymized_customer_is_shown_as_such(client: FlaskClient, fake: FakeApi) -> None:
    nothing = dict.fromkeys(("email", "first_name", "last_name", "birthdate", "language", "country"))
    gone = {**CUSTOMER, **nothing, "status": "anonymized", "anonymized_at": "2026-03-01T10:00:00.000000Z"}
    fake.answers[f"GET /v1/customers/{ID}"] = {**gone, "external_ids": []}
    assert "What was personal is gone for good" in client.get(f"/console/customers/{ID}").text


def test_suggestions_are_options(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/search/suggestions"] = {
        "suggestions": [
            {
                "kind": "customer",
                "text": "<Anna>",
                "customer_id": ID,
                "attribute": "email",
                "value": "anna@example.com",
            },
            {"kind": "value", "text": "Berlin", "attribute": "city", "value": "Berlin", "q": 'city:"Berlin"'},
            {"kind": "field", "text": "city:", "q": "city:"},
        ]
    }
    options = client.get("/console/suggestions?q=a").text
    assert options.count('role="option"') == 3
    assert f'data-href="/console/customers/{ID}"' in options
    assert "&lt;Anna&gt;" in options
    assert 'data-q="city:&#34;Berlin&#34;"' in options


@pytest.mark.parametrize("status", [403, 422, 429, 503])
def test_suggestions_that_cannot_be_had_are_none(client: FlaskClient, fake: FakeApi, status: int) -> None:
    fake.answers["GET /v1/search/suggestions"] = problem(status, "code", "No.")
    answer = client.get("/console/suggestions?q=a")
    assert (answer.status_code, answer.text.strip()) == (200, "")
    assert client.get("/console/suggestions?q=%20").status_code == 200


@pytest.mark.parametrize("customer_id", ["..", "cus_X", "cus_1", "cus_06h5yvkg1scm7h3b8k5rqt2xzw.json", "%2e%2e"])
def test_an_id_of_no_right_form_is_asked_nobody(client: FlaskClient, fake: FakeApi, customer_id: str) -> None:
    assert client.get(f"/console/customers/{customer_id}/summary").status_code == 404
    assert all(request.url.path.startswith("/v1/identity/me") for request in fake.asked)
