"""Offers and how the publisher bills: what is sent to the API, and what is shown of its answers."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.tests.billing_examples import OFFER, listed
from services.console.tests.conftest import FakeApi, form_token, problem
from services.console.tests.examples import ME, PREFERENCES

FULL: dict[str, Any] = {
    **OFFER,
    "name": "Premium <b>",
    "status": "active",
    "price": {"amount_minor": 123456, "currency": "EUR"},
    "tax_percent": "8.1",
    "period": {"unit": "month", "count": 3},
    "trial_days": 14,
    "created_at": "2026-01-31T23:30:00.000000Z",
    "version": 3,
}
ONE = f"/v1/billing/offers/{OFFER['id']}"
EDIT = f"/console/settings/offers/{OFFER['id']}"
NEW = "/console/settings/offers/new"
SETTINGS: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "refund_window_days": None,
    "dunning_days": [1, 3],
    "seller": {"name": "Nordlicht", "address": "Weg 1\n10115 Berlin", "tax_id": None, "email": None},
    "version": 2,
}
OFFER_FORM = {
    "name": "Premium", "external_id": "S1", "kind": "subscription", "amount": "1.011,77", "currency": "eur",
    "tax_percent": "8,1", "count": "3", "unit": "month", "trial_days": "",
}  # fmt: skip


@pytest.fixture
def manager(client: FlaskClient, fake: FakeApi) -> FlaskClient:
    fake.answers |= {
        "GET /v1/identity/me": {**ME, "scopes": [*ME["scopes"], "billing:read", "billing:manage"]},
        "GET /v1/identity/me/preferences": {**PREFERENCES, "language": "de-DE"},
        "GET /v1/billing/offers": listed(FULL),
        f"GET {ONE}": httpx2.Response(200, json=FULL, headers={"ETag": '"3"'}),
        f"PATCH {ONE}": FULL,
        "POST /v1/billing/offers": FULL,
        "GET /v1/billing/settings": httpx2.Response(200, json=SETTINGS, headers={"ETag": '"2"'}),
        "PATCH /v1/billing/settings": SETTINGS,
    }
    return client


def post(client: FlaskClient, path: str, **data: str) -> Any:
    return client.post(path, data={**data, "csrf_token": form_token(client, path)})


def test_offers_are_listed_with_price_period_and_tax(manager: FlaskClient, fake: FakeApi) -> None:
    page = manager.get("/console/settings/offers").text
    for each in ("Premium &lt;b&gt;", "1.234,56\u00a0€", "/ 3 months", "8.1 %", "14 days", "S 705/DE"):
        assert each in page
    manager.get("/console/settings/offers?status=retired")
    assert fake.asked[-1].url.params["status"] == "retired"


def test_an_offer_is_made_once_of_what_was_typed(manager: FlaskClient, fake: FakeApi) -> None:
    for _ in range(2):
        assert post(manager, NEW, **OFFER_FORM, key="a" * 32).status_code == 303
    assert fake.bodies("/v1/billing/offers")[-1] == {
        "name": "Premium", "external_id": "S1", "kind": "subscription", "tax_percent": "8.1", "trial_days": 0,
        "price": {"amount": "1011.77", "currency": "EUR"}, "period": {"unit": "month", "count": 3},
    }  # fmt: skip
    keys = [each.headers["Idempotency-Key"] for each in fake.asked if each.method == "POST"]
    assert keys == ["a" * 32] * 2


def test_what_does_not_recur_has_neither_period_nor_trial(manager: FlaskClient, fake: FakeApi) -> None:
    post(manager, NEW, **{**OFFER_FORM, "kind": "single", "trial_days": "7"})
    sent = fake.bodies("/v1/billing/offers")[-1]
    assert (sent["period"], sent["trial_days"]) == (None, 0)


@pytest.mark.parametrize(
    ("where", "field"),
    [("/price/amount", "amount"), ("/price/currency", "currency"), ("/period/count", "count"), ("/name", "name")],
)
def test_what_is_wrong_with_an_offer_is_said_at_its_field(
    manager: FlaskClient, fake: FakeApi, where: str, field: str
) -> None:
    wrong = [{"where": where, "message": "That is wrong."}]
    fake.answers["POST /v1/billing/offers"] = problem(422, "invalid", "Something is wrong.", errors=wrong)
    answer = post(manager, NEW, **OFFER_FORM)
    assert answer.status_code == 422
    assert f'id="{field}-said">That is wrong.<' in answer.text
    assert 'value="1.011,77"' in answer.text


def test_an_offer_is_retired_against_the_version_that_was_shown(manager: FlaskClient, fake: FakeApi) -> None:
    page = manager.get(EDIT).text
    assert 'value="1234,56"' in page
    form = {**OFFER_FORM, "kind": "single", "status": "retired", "version": '"3"'}
    assert post(manager, EDIT, **form).status_code == 303
    sent = next(each for each in fake.asked if each.method == "PATCH")
    assert sent.headers["If-Match"] == '"3"'
    body = fake.bodies(ONE)[-1]
    assert (body["status"], body["period"]) == ("retired", {"unit": "month", "count": 3})
    assert "kind" not in body
    fake.answers[f"PATCH {ONE}"] = problem(412, "changed_meanwhile", "Somebody changed it.")
    again = post(manager, EDIT, **{**form, "version": '"2"'})
    assert again.status_code == 412
    assert 'name="version" value="&#34;3&#34;"' in again.text


def test_how_the_publisher_bills_is_shown_and_changed(manager: FlaskClient, fake: FakeApi) -> None:
    page = manager.get("/console/settings/billing").text
    for each in ('value="1, 3"', "Nordlicht", "Weg 1\n10115 Berlin", 'value="Europe/Berlin" selected'):
        assert each in page
    form = {
        "time_zone": "UTC",
        "refund_window_days": "30",
        "dunning_days": "2; 4, 8",
        "seller_name": "N",
        "version": '"2"',
    }
    assert post(manager, "/console/settings/billing", **form, seller_address="A\r\nB").status_code == 303
    assert fake.bodies("/v1/billing/settings")[-1] == {
        "time_zone": "UTC", "refund_window_days": 30, "dunning_days": [2, 4, 8],
        "seller": {"name": "N", "address": "A\nB", "tax_id": None, "email": None},
    }  # fmt: skip


def test_what_is_wrong_with_the_settings_is_said_at_their_fields(manager: FlaskClient, fake: FakeApi) -> None:
    wrong = [
        {"where": "/dunning_days/1", "message": "Not a whole number."},
        {"where": "/seller/name", "message": "Too long."},
    ]
    fake.answers["PATCH /v1/billing/settings"] = problem(422, "invalid", "Something is wrong.", errors=wrong)
    answer = post(manager, "/console/settings/billing", dunning_days="1, soon", version='"2"')
    assert fake.bodies("/v1/billing/settings")[-1]["dunning_days"] == [1, "soon"]
    assert 'id="dunning_days-said">Not a whole number.<' in answer.text
    assert 'id="seller_name-said">Too long.<' in answer.text


@pytest.mark.parametrize("path", ["offers", "offers/new", f"offers/{OFFER['id']}", "billing"])
def test_who_may_not_manage_billing_is_told_so_and_nothing_is_asked(
    client: FlaskClient, fake: FakeApi, path: str
) -> None:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": [*ME["scopes"], "billing:read", "billing:write"]}
    assert client.get(f"/console/settings/{path}").status_code == 403
    assert all(request.url.path.startswith("/v1/identity/me") for request in fake.asked)
