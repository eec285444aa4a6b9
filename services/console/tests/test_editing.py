"""Editing a customer: what is sent, what stands in the way, and who was faster."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.tests.conftest import FakeApi, problem
from services.console.tests.examples import CUSTOMER, ID, ME

API = f"/v1/customers/{ID}"
EDIT = f"/console/customers/{ID}/edit"
PART = {"HX-Request": "true"}
ENTRY = {
    "id": "chg_06h5yvkg1scm7h3b8k5rqt2xzw",
    "at": "2026-03-01T10:00:00.000000Z",
    "editor": {"id": "stf_1", "name": "Bob Builder", "kind": "staff"},
    "action": "edited",
    "erased": False,
    "fields": [{"field": "company", "old": None, "new": "Theirs"}],
}


def answer(customer: dict[str, Any], etag: str) -> httpx2.Response:
    return httpx2.Response(200, json=customer, headers={"ETag": etag})


@pytest.fixture(autouse=True)
def _customer(fake: FakeApi) -> None:
    fake.answers[f"GET {API}"] = answer(CUSTOMER, '"3"')
    fake.answers[f"PATCH {API}"] = lambda request: answer({**CUSTOMER, **json.loads(request.content)}, '"4"')


def form(client: FlaskClient, **typed: str) -> dict[str, str]:
    """What a browser sends: the form's token and fields, with what was typed."""
    page = client.get(EDIT, headers=PART).text
    found = {"csrf_token": token(client), "etag": '"3"'}
    for name, value in (
        ("first_name", "Anna"),
        ("last_name", "Müller"),
        ("email", "anna@example.com"),
        ("company", ""),
    ):
        assert f'name="was.{name}" value="{value}"' in page
        found |= {f"was.{name}": value, name: value}
    return {**found, "was.address.city": "", "address.city": "", **typed}


def token(client: FlaskClient) -> str:
    return client.get("/console/customers").text.partition('"X-CSRFToken": "')[2].partition('"')[0]


def patches(fake: FakeApi) -> list[tuple[str, Any]]:
    return [(r.headers["If-Match"], json.loads(r.content)) for r in fake.asked if r.method == "PATCH"]


def test_only_what_was_changed_is_sent_with_the_version_that_was_seen(client: FlaskClient, fake: FakeApi) -> None:
    sent = form(client, company="Beispiel GmbH", **{"address.city": "Berlin"}, last_name="")
    saved = client.post(EDIT, data=sent, headers=PART)
    assert patches(fake) == [('"3"', {"last_name": None, "company": "Beispiel GmbH", "address": {"city": "Berlin"}})]
    assert saved.headers["HX-Retarget"] == "#panel-summary [data-panel]"
    assert "customer-saved" in saved.headers["HX-Trigger"]
    assert "Beispiel GmbH" in saved.text


def test_nothing_changed_sends_nothing(client: FlaskClient, fake: FakeApi) -> None:
    saved = client.post(EDIT, data=form(client), headers=PART)
    assert patches(fake) == []
    assert "Nothing was changed." in saved.headers["HX-Trigger"]


def test_another_email_has_to_be_confirmed(client: FlaskClient, fake: FakeApi) -> None:
    sent = form(client, email="anna@example.org")
    asked = client.post(EDIT, data=sent, headers=PART).text
    assert patches(fake) == []
    assert "Confirm that the customer is to sign in with this address" in asked
    assert 'name="email" value="anna@example.org"' in asked
    client.post(EDIT, data={**sent, "email_confirmed": "yes"}, headers=PART)
    assert patches(fake) == [('"3"', {"email": "anna@example.org"})]


def test_what_the_api_refuses_is_told_at_its_field_and_nothing_typed_is_lost(
    client: FlaskClient, fake: FakeApi
) -> None:
    errors = [
        {"where": "/address/city", "message": "Contains a control character."},
        {"where": "/first_name", "message": "Longer than 100 characters."},
        {"where": "/attributes", "message": "More than 50 custom attributes."},
    ]
    fake.answers[f"PATCH {API}"] = problem(422, "invalid", "The fields named in errors are not valid.", errors=errors)
    sent = form(client, first_name="x" * 101, company="<b>Mine</b>", **{"address.city": "Ber\x07lin"})
    answered = client.post(EDIT, data=sent, headers=PART)
    assert answered.status_code == 200
    assert '<a href="#field-first_name">First name: Longer than 100 characters.</a>' in answered.text
    assert 'id="field-first_name-error">Longer than 100 characters.' in answered.text
    assert 'id="field-address-city-error">Contains a control character.' in answered.text
    assert answered.text.index('href="#field-first_name"') < answered.text.index('href="#field-address-city"')
    assert "<strong>Not saved.</strong> More than 50 custom attributes." in answered.text
    assert 'value="&lt;b&gt;Mine&lt;/b&gt;"' in answered.text
    assert '<details class="more" open>' in answered.text
    assert 'name="etag" value="&#34;3&#34;"' in answered.text


def test_an_email_that_is_taken_is_told_without_whose_it_is(client: FlaskClient, fake: FakeApi) -> None:
    errors = [{"where": "/email", "message": "Already another customer's."}]
    fake.answers[f"PATCH {API}"] = problem(409, "email_taken", "Another customer already has it.", errors=errors)
    sent = form(client, email="bob@example.com", email_confirmed="yes")
    answered = client.post(EDIT, data=sent, headers=PART).text
    assert 'id="field-email-error">Already another customer&#39;s.' in answered
    assert 'href="/console/customers?q=email%3Abob%40example.com"' in answered


@pytest.mark.parametrize("status", [403, 404, 409, 429, 503])
def test_whatever_else_goes_wrong_leaves_the_form(client: FlaskClient, fake: FakeApi, status: int) -> None:
    fake.answers[f"PATCH {API}"] = problem(status, "some_code", "This is why.")
    answered = client.post(EDIT, data=form(client, company="Mine"), headers=PART).text
    assert "This is why." in answered
    assert 'name="company" value="Mine"' in answered


def test_a_gateway_that_is_gone_leaves_the_form(client: FlaskClient, fake: FakeApi) -> None:
    sent = form(client, company="Mine")
    fake.answers[f"PATCH {API}"] = httpx2.ReadTimeout("slow")
    answered = client.post(EDIT, data=sent, headers=PART).text
    assert "The server doesn&#39;t answer right now." in answered
    assert 'name="company" value="Mine"' in answered


def faster(fake: FakeApi, **now: Any) -> None:
    """Somebody else has changed the customer."""
    fields = [{"field": name, "old": CUSTOMER[name], "new": value} for name, value in now.items()]
    changes = [{**ENTRY, "fields": fields}]
    fake.answers[f"PATCH {API}"] = problem(
        412, "changed_meanwhile", "Changed.", headers={"ETag": '"4"'}, changes=changes
    )
    fake.answers[f"GET {API}"] = answer({**CUSTOMER, **now}, '"4"')


def test_somebody_who_was_faster_is_named_and_both_values_are_shown(client: FlaskClient, fake: FakeApi) -> None:
    sent = form(client, company="Mine", first_name="Anne")
    faster(fake, company="Theirs", last_name="Schmidt")
    shown = client.post(EDIT, data=sent, headers=PART).text
    assert "Bob Builder changed this customer while you were editing" in shown
    assert 'name="mine.company" value="Mine"' in shown
    assert 'name="was.company" value="Theirs"' in shown
    assert "Only you changed" in shown
    assert 'name="first_name" value="Anne"' in shown
    assert "Only they changed" in shown
    assert 'name="etag" value="&#34;4&#34;"' in shown
    assert "checked" not in shown  # whoever edits has to choose


@pytest.mark.parametrize(
    ("choice", "sent"), [("mine", {"company": "Mine", "first_name": "Anne"}), ("theirs", {"first_name": "Anne"})]
)
def test_what_was_chosen_is_sent_with_the_new_version(
    client: FlaskClient, fake: FakeApi, choice: str, sent: dict[str, str]
) -> None:
    chosen = {
        "csrf_token": token(client),
        "etag": '"4"',
        "was.company": "Theirs",
        "mine.company": "Mine",
        "was.first_name": "Anna",
        "first_name": "Anne",
        "choice.company": choice,
    }
    client.post(EDIT, data=chosen, headers=PART)
    assert patches(fake) == [('"4"', sent)]


def test_without_a_choice_nothing_is_sent(client: FlaskClient, fake: FakeApi) -> None:
    undecided = {"csrf_token": token(client), "etag": '"4"', "was.company": "Theirs", "mine.company": "Mine"}
    answered = client.post(EDIT, data=undecided, headers=PART).text
    assert patches(fake) == []
    assert 'name="company" value="Mine"' in answered


def test_the_way_back_to_the_form_keeps_what_was_typed(client: FlaskClient, fake: FakeApi) -> None:
    back = {"csrf_token": token(client), "etag": '"4"', "was.company": "Theirs", "mine.company": "Mine", "again": "yes"}
    answered = client.post(EDIT, data=back, headers=PART).text
    assert patches(fake) == []
    assert 'name="company" value="Mine"' in answered
    assert 'name="was.company" value="Theirs"' in answered


def test_the_same_sent_twice_is_saved_once_and_no_conflict(client: FlaskClient, fake: FakeApi) -> None:
    sent = form(client, company=" Mine ", email="anna@EXAMPLE.org", email_confirmed="yes")
    faster(fake, company="Mine", email="anna@example.org")
    assert "customer-saved" in client.post(EDIT, data=sent, headers=PART).headers["HX-Trigger"]


def test_another_letter_case_is_another_name(client: FlaskClient, fake: FakeApi) -> None:
    sent = form(client, first_name="ANNA")
    faster(fake, company="Theirs")
    assert "Changed by somebody else" in client.post(EDIT, data=sent, headers=PART).text


def test_hidden_fields_are_not_in_the_form(client: FlaskClient, fake: FakeApi) -> None:
    parts = [f"address.{part}" for part in ("line1", "line2", "city", "state", "postal_code")]
    hidden = {**CUSTOMER, "email": None, "address": dict.fromkeys(("line1", "country")), "masked": ["email", *parts]}
    fake.answers[f"GET {API}"] = answer(hidden, '"3"')
    page = client.get(EDIT, headers=PART).text
    assert 'name="email"' not in page
    assert 'name="address.city"' not in page
    assert 'name="company"' in page


def test_a_session_that_ended_leads_to_signing_in_and_back(client: FlaskClient, fake: FakeApi) -> None:
    sent = form(client, company="Mine")
    fake.answers[f"PATCH {API}"] = problem(401, "unauthorized", "Sign in.")
    here = f"http://localhost/console/customers/{ID}"
    ended = client.post(EDIT, data=sent, headers={**PART, "HX-Current-URL": here})
    assert ended.headers["HX-Redirect"] == f"/console/sign-in?next=%2Fconsole%2Fcustomers%2F{ID}"


def test_whoever_may_not_edit_is_offered_nothing(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": ["customers:read"]}
    page = client.get(f"/console/customers/{ID}").text
    assert "Change history" in page
    assert "Edit information" not in page
    assert "Anonymize" not in page
    assert client.get(EDIT, headers=PART).status_code == 403


@pytest.mark.parametrize("forged", [{"etag": "*"}, {"etag": '"x"'}, {"etag": ""}])
def test_a_form_that_is_none_of_ours_is_refused(client: FlaskClient, fake: FakeApi, forged: dict[str, str]) -> None:
    sent = {**form(client, company="Mine"), **forged}
    assert client.post(EDIT, data=sent, headers=PART).status_code == 400
    assert patches(fake) == []


def test_without_the_forms_token_nothing_is_sent(client: FlaskClient, fake: FakeApi) -> None:
    sent = {**form(client, company="Mine"), "csrf_token": ""}
    assert client.post(EDIT, data=sent, headers=PART).status_code == 400
    assert patches(fake) == []


def test_a_form_asked_for_as_a_page_is_the_customers_page(client: FlaskClient) -> None:
    assert client.get(EDIT).headers["Location"] == f"/console/customers/{ID}"
