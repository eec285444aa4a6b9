"""Who one is, and how one likes things shown."""

from __future__ import annotations

from typing import Any

import pytest

from services.identity.models import Staff
from services.identity.tests.conftest import Client
from services.identity.tests.people import ME, person

PREFERENCES = f"{ME}/preferences"
WHOLE = {
    "theme": "dark",
    "language": "pt-BR",
    "time_zone": "Europe/Vienna",
    "customer_list": {"columns": ["email", "address.city"], "sort": "-last_login_at", "page_size": 25},
}


def test_staff_learn_more_of_themselves(signed_in: Client, owner: Staff) -> None:
    me = signed_in.send("GET", ME).json
    assert me is not None
    assert (me["email"], me["publisher_name"], me["password_change_required"]) == (owner.email, "Weekly", False)
    assert me["session_expires_at"].endswith("Z")


def test_whoever_set_nothing_has_the_usual(signed_in: Client) -> None:
    answer = signed_in.send("GET", PREFERENCES)
    assert answer.json == {"theme": "auto", "language": None, "time_zone": None, "customer_list": None}
    assert answer.headers["ETag"] == '"1"'


def test_preferences_are_kept_for_each_person(signed_in: Client) -> None:
    agent = person(signed_in, "agent").client
    answer = agent.send("PUT", PREFERENCES, json=WHOLE)
    assert (answer.status_code, answer.json, answer.headers["ETag"]) == (200, WHOLE, '"2"')
    assert agent.send("GET", PREFERENCES).json == WHOLE
    assert signed_in.send("GET", PREFERENCES).json != WHOLE
    assert agent.send("PUT", PREFERENCES, json=WHOLE).headers["ETag"] == '"2"'


def test_what_is_absent_is_as_at_first(signed_in: Client) -> None:
    signed_in.send("PUT", PREFERENCES, json=WHOLE)
    answer = signed_in.send("PUT", PREFERENCES, json={"customer_list": {"columns": None}})
    assert answer.json == {
        "theme": "auto",
        "language": None,
        "time_zone": None,
        "customer_list": {"columns": None, "sort": None, "page_size": 50},
    }


def test_the_last_one_wins_unless_if_match_says_otherwise(signed_in: Client) -> None:
    for theme in ("dark", "light"):
        assert signed_in.send("PUT", PREFERENCES, json={"theme": theme}).status_code == 200
    late = signed_in.send("PUT", PREFERENCES, json={"theme": "auto"}, headers={"If-Match": '"2"'})
    assert late.status_code == 412
    assert late.headers["ETag"] == '"3"'
    assert (signed_in.send("GET", PREFERENCES).json or {})["theme"] == "light"
    fresh = signed_in.send("PUT", PREFERENCES, json={"theme": "auto"}, headers={"If-Match": '"3"'})
    assert fresh.status_code == 200


def test_if_match_counts_before_anything_was_set(signed_in: Client) -> None:
    wrong = signed_in.send("PUT", PREFERENCES, json={"theme": "dark"}, headers={"If-Match": '"2"'})
    assert wrong.status_code == 412
    right = signed_in.send("PUT", PREFERENCES, json={"theme": "dark"}, headers={"If-Match": '"1"'})
    assert right.status_code == 200


@pytest.mark.parametrize("given", ["pt_br", "PT-br"])
def test_a_language_is_kept_in_its_usual_form(signed_in: Client, given: str) -> None:
    assert (signed_in.send("PUT", PREFERENCES, json={"language": given}).json or {})["language"] == "pt-BR"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_time_zones(signed_in: Client, zone: str) -> None:
    assert (signed_in.send("PUT", PREFERENCES, json={"time_zone": zone}).json or {})["time_zone"] == zone


@pytest.mark.parametrize(
    "body",
    [
        {"theme": "pink"},
        {"theme": None},
        {"language": "xx"},
        {"language": ""},
        {"language": "de-XX-1234567"},
        {"language": "../../etc"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../UTC"},
        {"time_zone": "localtime"},
        {"time_zone": "posixrules"},
        {"time_zone": 1},
        {"customer_list": []},
        {"customer_list": {"columns": []}},
        {"customer_list": {"columns": ["email", "email"]}},
        {"customer_list": {"columns": ["Email"]}},
        {"customer_list": {"columns": ["x" * 65]}},
        {"customer_list": {"columns": [f"c{number}" for number in range(61)]}},
        {"customer_list": {"columns": [None]}},
        {"customer_list": {"sort": "--email"}},
        {"customer_list": {"sort": ""}},
        {"customer_list": {"page_size": 9}},
        {"customer_list": {"page_size": 101}},
        {"customer_list": {"page_size": "50"}},
        {"customer_list": {"pages": 1}},
        {"font": "large"},
        [],
    ],
    ids=str,
)
def test_wrong_input_changes_nothing(signed_in: Client, body: Any) -> None:
    signed_in.send("PUT", PREFERENCES, json=WHOLE)
    answer = signed_in.send("PUT", PREFERENCES, json=body)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert signed_in.send("GET", PREFERENCES).json == WHOLE


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", PREFERENCES, None),
        ("PUT", PREFERENCES, {}),
        ("POST", f"{ME}/password", {"current_password": "x", "new_password": "y"}),
    ],
)
def test_a_key_has_none_of_this(signed_in: Client, method: str, path: str, body: Any) -> None:
    key = signed_in.send("POST", "/v1/identity/api_keys", json={"name": "Key"}).json or {}
    answer = signed_in.using(key["secret"]).send(method, path, json=body)
    assert answer.status_code == 403
    assert (answer.json or {})["code"] == "not_staff"
