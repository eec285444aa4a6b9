"""How one likes things shown."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.choices import language_choices, time_zones
from services.console.columns import DEFAULT
from services.console.reader import locale_of
from services.console.tests.conftest import FakeApi, form_token, problem
from services.console.tests.examples import PREFERENCES

ADDRESS = "/v1/identity/me/preferences"
LIST = "/console/customers"


def kept(fake: FakeApi) -> dict[str, Any]:
    """What was put in the place of the preferences."""
    sent: dict[str, Any] = fake.bodies(ADDRESS)[-1]
    return sent


@pytest.fixture(autouse=True)
def takes_preferences(fake: FakeApi) -> None:
    fake.answers[f"GET {ADDRESS}"] = httpx2.Response(200, json=PREFERENCES, headers={"ETag": '"3"'})
    fake.answers[f"PUT {ADDRESS}"] = PREFERENCES


def post(client: FlaskClient, path: str, **data: Any) -> Any:
    return client.post(path, data={**data, "csrf_token": form_token(client, "/console/preferences")})


def test_columns_are_kept_in_their_order(client: FlaskClient, fake: FakeApi) -> None:
    chosen = ["city", "email", "nonsense", "city", "status"]
    answer = post(client, "/console/preferences/columns", column=chosen, page_size="25", sort="-email", next=LIST)
    assert (answer.status_code, answer.headers["Location"]) == (303, LIST)
    assert kept(fake) == {
        **PREFERENCES,
        "customer_list": {"columns": ["city", "email", "status"], "page_size": 25, "sort": "-email"},
    }
    assert fake.asked[-1].headers["If-Match"] == '"3"'


@pytest.mark.parametrize("data", [{"reset": "1", "column": ["city"]}, {"column": list(DEFAULT)}, {}], ids=str)
def test_the_usual_columns_are_not_written_down(client: FlaskClient, fake: FakeApi, data: dict[str, Any]) -> None:
    post(client, "/console/preferences/columns", **data)
    assert kept(fake)["customer_list"] == {"columns": None, "page_size": 50, "sort": None}


def test_what_is_chosen_shows_on_the_list(client: FlaskClient, fake: FakeApi) -> None:
    shown = {"columns": ["status", "country"], "page_size": 25, "sort": "-country"}
    fake.answers[f"GET {ADDRESS}"] = {**PREFERENCES, "customer_list": shown}
    page = client.get(LIST).text
    assert re.findall(r'columnheader".*?(\w+)<svg', page, re.DOTALL) == ["Status", "Country"]
    asked = fake.bodies("/v1/search/customers/query")[0]
    assert (asked["columns"], asked["limit"], asked["sort"]) == (["status", "country", "flags"], 25, "-country")
    # A third click leaves the usual order, and the address says so.
    assert f'href="{LIST}?sort="' in page
    client.get(f"{LIST}?sort=")
    assert "sort" not in fake.bodies("/v1/search/customers/query")[1]


def test_two_tabs_at_once_leave_each_others_changes(client: FlaskClient, fake: FakeApi) -> None:
    answers = iter([problem(412, "precondition_failed", "Changed."), httpx2.Response(200, json=PREFERENCES)])
    fake.answers[f"PUT {ADDRESS}"] = lambda _request: next(answers)
    assert post(client, "/console/preferences/theme", theme="dark").status_code == 303
    assert kept(fake)["theme"] == "dark"


def test_what_is_saved_shows_at_once(client: FlaskClient, fake: FakeApi) -> None:
    assert "data-bs-theme" not in client.get(LIST).text.partition("<body")[0]
    post(client, "/console/preferences/theme", theme="dark")
    fake.answers[f"GET {ADDRESS}"] = {**PREFERENCES, "theme": "dark"}
    assert '<html lang="en" data-bs-theme="dark">' in client.get(LIST).text


def test_language_and_time_zone_are_used(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET {ADDRESS}"] = {**PREFERENCES, "language": "de-AT", "time_zone": "Asia/Tokyo"}
    client.set_cookie("accounts_time_zone", "Europe/Berlin", path="/console")
    page = client.get(LIST, headers={"Accept-Language": "fr"}).text
    assert "01.02.2026, 08:30" in page


def test_a_refused_preference_is_told_at_its_field(client: FlaskClient, fake: FakeApi) -> None:
    errors = [{"where": "/time_zone", "message": "Not a time zone."}]
    fake.answers[f"PUT {ADDRESS}"] = problem(422, "invalid", "Not valid.", errors=errors)
    answer = post(client, "/console/preferences", theme="dark", time_zone="Mars/Base", language="")
    assert answer.status_code == 422
    assert 'id="time-zone-error">Not a time zone.' in answer.text


def test_one_is_led_back_and_nowhere_else(client: FlaskClient) -> None:
    assert (
        post(client, "/console/preferences/theme", theme="x", next="//evil.example").headers["Location"] == "/console/"
    )


def test_without_preferences_there_are_the_usual_ones(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET {ADDRESS}"] = problem(503, "unavailable", "Down.")
    assert client.get(LIST).status_code == 200


def test_there_is_much_to_choose_from() -> None:
    assert ("de-AT", "Deutsch (Österreich)") in language_choices()
    assert all(locale_of(tag) for tag, _name in language_choices())
    assert {"Europe/Vienna", "America/New_York", "UTC"} <= set(time_zones())
