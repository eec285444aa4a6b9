"""The publisher's settings."""

from __future__ import annotations

from typing import Any

import pytest

from servicekit.db.database import Database
from services.identity.models import Staff
from services.identity.tests.conftest import PASSWORD, Client, make_owner
from services.identity.tests.people import person, sign_in

PUBLISHER = "/v1/identity/publisher"
WHOLE = {
    "name": "The Daily",
    "time_zone": "Europe/Vienna",
    "language": "de-AT",
    "currency": "EUR",
    "website_url": "https://www.example.com/",
    "offer_url_template": "https://www.example.com/offers/{offer_id}?from=accounts",
    "support_email": "help@example.com",
}


def edit(client: Client, tag: str = "*", **data: Any) -> Any:
    return client.send("PATCH", PUBLISHER, json=data, headers={"If-Match": tag})


def test_a_new_publisher_has_what_can_be_assumed(signed_in: Client, owner: Staff) -> None:
    answer = signed_in.send("GET", PUBLISHER)
    shown = answer.json or {}
    assert (shown["id"], shown["name"], shown["time_zone"], shown["language"]) == (
        owner.publisher_id,
        "Weekly",
        "UTC",
        "en",
    )
    assert [shown[name] for name in ("currency", "website_url", "offer_url_template", "support_email")] == [None] * 4
    assert answer.headers["ETag"] == '"1"'


def test_settings_are_changed_and_cleared(signed_in: Client) -> None:
    answer = edit(signed_in, **WHOLE)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert {name: answer.json[name] for name in WHOLE} == WHOLE
    assert edit(signed_in, **WHOLE).headers["ETag"] == '"2"'
    cleared = edit(signed_in, currency=None, website_url=None, offer_url_template="", support_email=None).json
    assert [cleared[name] for name in ("currency", "website_url", "offer_url_template")] == [None] * 3
    assert cleared["name"] == "The Daily"


def test_two_admins_edit(signed_in: Client) -> None:
    admin = person(signed_in, "admin").client
    assert edit(admin, '"1"', currency="EUR").status_code == 200
    late = edit(signed_in, '"1"', currency="USD")
    assert (late.status_code, late.headers["ETag"]) == (412, '"2"')
    assert (signed_in.send("GET", PUBLISHER).json or {})["currency"] == "EUR"
    assert signed_in.send("PATCH", PUBLISHER, json={}).status_code == 428


@pytest.mark.parametrize("role", ["agent", "viewer", "viewer_no_pii"])
def test_others_read_only(signed_in: Client, role: str) -> None:
    member = person(signed_in, role).client
    assert member.send("GET", PUBLISHER).status_code == 200
    assert edit(member, name="Mine").status_code == 403


def test_each_publisher_has_its_own(signed_in: Client, client: Client, database: Database) -> None:
    other = make_owner(database, "other@example.com")
    stranger = sign_in(client, other.email, PASSWORD)
    edit(stranger, name="Theirs")
    assert (signed_in.send("GET", PUBLISHER).json or {})["name"] == "Weekly"


@pytest.mark.parametrize(
    "data",
    [
        {"name": ""},
        {"name": None},
        {"name": "x" * 101},
        {"time_zone": None},
        {"time_zone": "Mars/Olympus"},
        {"language": None},
        {"language": "klingon"},
        {"currency": "EURO"},
        {"currency": "XYZ"},
        {"support_email": "help"},
        {"website_url": "www.example.com"},
        {"website_url": "javascript:alert(1)"},
        {"website_url": "ftp://example.com/"},
        {"website_url": "https://user:secret@example.com/"},
        {"website_url": "https://example.com@evil.example/"},
        {"website_url": "https://exam ple.com/"},
        {"website_url": "https://localhost/"},
        {"website_url": "https://127.0.0.1/"},
        {"website_url": "https://[::1/"},
        {"website_url": "https://example.com:99999/"},
        {"website_url": 'https://example.com/"><script>'},
        {"website_url": "https://example.com/" + "x" * 500},
        {"offer_url_template": "https://www.example.com/offers/"},
        {"offer_url_template": "http://www.example.com/{offer_id}"},
        {"offer_url_template": "https://{offer_id}.example.com/"},
        {"offer_url_template": "https://www.example.com/{offer_id}/{offer_id}"},
        {"offer_url_template": "https://www.example.com/{offer_id}/{customer_id}"},
        {"offer_url_template": "javascript:{offer_id}"},
        {"offer_url_template": "{offer_id}"},
        {"colour": "red"},
        {"created_at": "2026-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_wrong_input_changes_nothing(signed_in: Client, data: dict[str, Any]) -> None:
    before = signed_in.send("GET", PUBLISHER)
    answer = edit(signed_in, **{"name": "Changed", **data})
    assert answer.status_code == 422, answer.text
    assert [error["where"] for error in answer.json["errors"]] == [f"/{name}" for name in data]
    assert signed_in.send("GET", PUBLISHER).json == before.json


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://example.com:8080/a?b=c#d",
        "https://bücher.example.com/",
        "HTTPS://Example.com/",
    ],
)
def test_web_addresses(signed_in: Client, url: str) -> None:
    assert edit(signed_in, website_url=url).status_code == 200
