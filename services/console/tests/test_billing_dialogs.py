"""What is done with payments, subscriptions and transactions: what is asked first, sent, and told afterwards."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.tests.billing_examples import (
    ACTIONS,
    CANCELLED,
    END,
    METHOD,
    OFFER,
    PM,
    REFUND,
    SUB,
    SUB_ACTIONS,
    SUBSCRIPTION,
    TRANSACTION,
    TXN,
    YEARLY,
    consequence,
    listed,
)
from services.console.tests.conftest import FakeApi, problem
from services.console.tests.examples import CUSTOMER, ID, ME, PREFERENCES
from services.console.tests.test_editing import token

PAGE = f"/console/customers/{ID}"
PART = {"HX-Request": "true"}
OF_TXN = f"/v1/billing/transactions/{TXN}"
OF_SUB = f"/v1/billing/subscriptions/{SUB}"
OF_PM = f"/v1/billing/payment_methods/{PM}"
DIALOGS = [
    (f"transactions/{TXN}/cancel", f"POST {OF_TXN}/cancel", {"reason": "other"}),
    (f"transactions/{TXN}/refund", f"POST {OF_TXN}/refund", {"how": "full", "reason": "other"}),
    (
        f"transactions/{TXN}/extend",
        f"POST {OF_TXN}/extend_access",
        {"how": "duration", "count": "1", "unit": "month", "reason": "x"},
    ),
    (f"subscriptions/{SUB}/cancel", f"POST {OF_SUB}/cancel", {"when": "period_end"}),
    (f"subscriptions/{SUB}/resume", f"POST {OF_SUB}/resume", {}),
    (f"subscriptions/{SUB}/switch", f"POST {OF_SUB}/switch", {"offer_id": YEARLY["id"], "when": "now"}),
    (f"subscriptions/{SUB}/keep", f"DELETE {OF_SUB}/switch", {}),
    (f"payment-methods/{PM}/delete", f"DELETE {OF_PM}", {}),
]
DONE = {"transaction": TRANSACTION, "refund": None, "subscription": SUBSCRIPTION, "access": None}


@pytest.fixture(autouse=True)
def _billing(fake: FakeApi) -> None:
    allowed = [{**each, "allowed": True} for each in ACTIONS]
    fake.answers |= {
        f"GET /v1/customers/{ID}": CUSTOMER,
        "GET /v1/identity/me": {**ME, "scopes": [*ME["scopes"], "billing:read", "billing:write"]},
        "GET /v1/identity/me/preferences": {**PREFERENCES, "language": "de-DE", "time_zone": "Europe/Berlin"},
        f"GET {OF_TXN}": TRANSACTION,
        f"GET {OF_TXN}/actions": listed(*allowed),
        f"GET {OF_SUB}": SUBSCRIPTION,
        f"GET {OF_SUB}/actions": listed(*SUB_ACTIONS),
        f"GET {OF_PM}": METHOD,
        f"GET {OF_PM}/consequences": {
            "allowed": True,
            "code": None,
            "reason": None,
            "items": [{**consequence("renewal_without_method", amount=999, at=END), "offer": OFFER}],
        },
        "GET /v1/billing/offers": listed(
            YEARLY,
            {**YEARLY, "id": OFFER["id"], "name": "The present one"},
            {**YEARLY, "name": "In dollars", "price": {"amount_minor": 9900, "currency": "USD"}},
            {**YEARLY, "name": "A pass", "kind": "pass"},
        ),
    }
    for _, asked, _ in DIALOGS:
        fake.answers[asked] = DONE
    fake.answers[f"DELETE {OF_PM}"] = {**METHOD, "status": "detached"}


def opened(client: FlaskClient, path: str) -> str:
    answer = client.get(f"{PAGE}/{path}", headers=PART)
    assert answer.status_code == 200, answer.text
    return answer.text


def key_in(shown: str) -> str:
    return shown.partition('name="key" value="')[2].partition('"')[0]


def send(client: FlaskClient, path: str, **form: str) -> Any:
    return client.post(f"{PAGE}/{path}", data={"csrf_token": token(client), "key": "a" * 32, **form}, headers=PART)


def told(answer: Any) -> str:
    assert "HX-Trigger" in answer.headers, answer.text
    return str(json.loads(answer.headers["HX-Trigger"])["billing-changed"]["told"])


def asked_of(fake: FakeApi, asked: str) -> list[httpx2.Request]:
    return [each for each in fake.asked if f"{each.method} {each.url.path}" == asked]


def body_of(fake: FakeApi, asked: str) -> Any:
    return json.loads(asked_of(fake, asked)[-1].content)


@pytest.mark.parametrize(("path", "asked", "form"), DIALOGS)
def test_a_dialog_sent_twice_does_nothing_twice(
    client: FlaskClient, fake: FakeApi, path: str, asked: str, form: dict[str, str]
) -> None:
    first, second = key_in(opened(client, path)), key_in(opened(client, path))
    assert first != second, "each dialog is a wish of its own"
    for _ in range(2):
        assert told(send(client, path, **{**form, "key": first}))
    assert [each.headers["Idempotency-Key"] for each in asked_of(fake, asked)] == [first, first]


@pytest.mark.parametrize(("path", "asked", "form"), DIALOGS)
def test_what_is_refused_is_told_in_the_dialog_and_nothing_typed_is_lost(
    client: FlaskClient, fake: FakeApi, path: str, asked: str, form: dict[str, str]
) -> None:
    fake.answers[asked] = problem(409, "refund_pending", "All of it is being refunded <b>.")
    refused = send(client, path, **form, comment="My words")
    assert "All of it is being refunded &lt;b&gt;." in refused.text
    assert "HX-Trigger" not in refused.headers
    assert key_in(refused.text) != "a" * 32, "what is changed and sent again is another wish"
    for name, value in form.items():
        assert f'value="{value}"' in refused.text, name
    if path.endswith("refund"):
        assert 'value="My words"' in refused.text


@pytest.mark.parametrize(("path", "asked", "form"), DIALOGS)
def test_what_came_of_it_not_being_known_it_is_tried_again_as_the_same_wish(
    client: FlaskClient, fake: FakeApi, path: str, asked: str, form: dict[str, str]
) -> None:
    fake.answers[asked] = httpx2.ReadTimeout("slow")
    assert key_in(send(client, path, **form).text) == "a" * 32


@pytest.mark.parametrize(("path", "asked", "form"), DIALOGS)
def test_who_may_not_write_is_neither_asked_nor_heard(
    client: FlaskClient, fake: FakeApi, path: str, asked: str, form: dict[str, str]
) -> None:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": [*ME["scopes"], "billing:read"]}
    assert client.get(f"{PAGE}/{path}", headers=PART).status_code == 403
    assert send(client, path, **form).status_code == 403
    assert asked_of(fake, asked) == []


@pytest.mark.parametrize(("path", "asked", "form"), DIALOGS)
def test_another_customers_things_are_not_touched_from_here(
    client: FlaskClient, fake: FakeApi, path: str, asked: str, form: dict[str, str]
) -> None:
    for at in (OF_TXN, OF_SUB, OF_PM):
        fake.answers[f"GET {at}"] = {**TRANSACTION, "customer_id": "cus_0000000000"}
    assert send(client, path, **form).status_code == 404
    assert asked_of(fake, asked) == []


@pytest.mark.parametrize(("path", "asked", "form"), [each for each in DIALOGS if "switch" not in each[0]])
def test_what_cannot_be_done_is_refused_with_the_reason(
    client: FlaskClient, fake: FakeApi, path: str, asked: str, form: dict[str, str]
) -> None:
    why = {"allowed": False, "code": "store_managed", "reason": "Apple does that.", "consequences": [], "items": []}
    fake.answers[f"GET {OF_TXN}/actions"] = listed(*({**each, **why} for each in ACTIONS))
    fake.answers[f"GET {OF_SUB}/actions"] = listed(*({**each, **why} for each in SUB_ACTIONS))
    fake.answers[f"GET {OF_PM}/consequences"] = why
    shown = opened(client, path)
    assert "Apple does that." in shown
    assert "<form" not in shown


def test_cancelling_shows_what_each_choice_brings_about(client: FlaskClient, fake: FakeApi) -> None:
    shown = opened(client, f"subscriptions/{SUB}/cancel")
    assert 'value="period_end" checked' in shown
    assert "<bdi>Premium, monthly</bdi> stays until" in shown
    assert "01.01.2027" in shown
    assert 'data-if="when=now refund=full"' in shown
    assert "3,21\u00a0€" in shown
    assert "What no_money_back says." in shown, "what has no amount is told in billing's words"
    fake.answers[f"POST {OF_SUB}/cancel"] = {**DONE, "subscription": {**SUBSCRIPTION, **CANCELLED}}
    assert told(send(client, f"subscriptions/{SUB}/cancel", when="period_end", refund="full", reason=" moves "))
    assert body_of(fake, f"POST {OF_SUB}/cancel") == {"when": "period_end", "reason": "moves"}


def test_cancelling_at_once_gives_back_what_was_chosen(client: FlaskClient, fake: FakeApi) -> None:
    ended = {**SUBSCRIPTION, "status": "expired", "ended_at": END}
    fake.answers[f"POST {OF_SUB}/cancel"] = {**DONE, "subscription": ended, "refund": REFUND}
    answer = send(client, f"subscriptions/{SUB}/cancel", when="now", refund="prorated")
    assert told(answer) == "Canceled and ended. 5,00\u00a0€ refunded."
    assert body_of(fake, f"POST {OF_SUB}/cancel") == {"when": "now", "refund": "prorated"}


def test_switching_offers_what_fits_and_says_what_it_costs(client: FlaskClient, fake: FakeApi) -> None:
    shown = opened(client, f"subscriptions/{SUB}/switch")
    assert "Yearly: 99,00\u00a0€ / year" in shown
    for other in ("The present one", "In dollars", "A pass", "credited"):
        assert other not in shown
    shown = opened(client, f"subscriptions/{SUB}/switch?offer_id={YEARLY['id']}&when=now")
    asked = asked_of(fake, f"GET {OF_SUB}/actions")[-1]
    assert dict(asked.url.params) == {"offer_id": YEARLY["id"]}
    assert "95,79\u00a0€</span> is charged now." in shown
    fake.answers[f"POST {OF_SUB}/switch"] = {
        **DONE,
        "transaction": {**TRANSACTION, "status": "failed", "failure": {"code": "x", "message": "No funds."}},
    }
    declined = send(client, f"subscriptions/{SUB}/switch", offer_id=YEARLY["id"], when="now")
    assert "The payment was declined: No funds. Nothing was changed." in declined.text


def test_a_part_is_refunded_as_it_was_typed_with_both_choices(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {OF_TXN}/refund"] = {**DONE, "refund": {**REFUND, "status": "pending"}}
    form = {"how": "part", "amount": " 1.005,50 ", "reason": "goodwill", "comment": "Sorry"}
    answer = send(
        client, f"transactions/{TXN}/refund", **form, full_access="end", part_access="keep", part_renewals="end"
    )
    assert told(answer) == "The refund of 5,00\u00a0€ is under way."
    assert body_of(fake, f"POST {OF_TXN}/refund") == {
        "amount": {"amount": "1005.50", "currency": "EUR"},
        "reason": "goodwill",
        "comment": "Sorry",
        "end_access": False,
        "stop_renewals": True,
    }


def test_all_is_refunded_without_an_amount(client: FlaskClient, fake: FakeApi) -> None:
    shown = opened(client, f"transactions/{TXN}/refund")
    assert "1.234,56\u00a0€" in shown
    for name in ("full_access", "full_renewals"):
        assert f'name="{name}" value="end" checked' in shown, "what is usual is chosen"
    for name in ("part_access", "part_renewals"):
        assert f'name="{name}" value="end" required' in shown, "of a part somebody has to choose"
    fake.answers[f"POST {OF_TXN}/refund"] = {**DONE, "refund": REFUND}
    send(client, f"transactions/{TXN}/refund", how="full", amount="5", reason="other", part_access="keep")
    assert body_of(fake, f"POST {OF_TXN}/refund") == {"reason": "other"}


def test_what_is_wrong_with_an_amount_is_said_at_its_field(client: FlaskClient, fake: FakeApi) -> None:
    wrong = {"where": "/amount/amount", "message": "Too many decimals: EUR has at most 2 decimals."}
    fake.answers[f"POST {OF_TXN}/refund"] = problem(422, "invalid", "Something is wrong.", errors=[wrong])
    refused = send(client, f"transactions/{TXN}/refund", how="part", amount="1,005", reason="other")
    assert refused.text.count("Too many decimals") == 2, "on top, where it has the focus, and at the field"
    assert 'value="1,005"' in refused.text
    assert body_of(fake, f"POST {OF_TXN}/refund")["amount"]["amount"] == "1.005"


def test_a_refund_that_the_provider_refuses_is_told(client: FlaskClient, fake: FakeApi) -> None:
    failed = {**REFUND, "status": "failed", "failure": {"code": "x", "message": "The bank said no."}}
    fake.answers[f"POST {OF_TXN}/refund"] = {**DONE, "refund": failed}
    assert "refused the refund: The bank said no." in send(client, f"transactions/{TXN}/refund", how="full").text


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        (
            {"how": "until", "day": "2027-03-28"},
            {"until": "2027-03-28T22:00:00+00:00"},  # the day that summer time begins is over an hour earlier
        ),
        ({"how": "duration", "count": "3", "unit": "week"}, {"duration": {"unit": "week", "count": 3}}),
        ({"how": "duration", "count": "-3", "unit": "week"}, {"duration": {"unit": "week", "count": 0}}),
    ],
)
def test_access_is_extended_until_or_by(
    client: FlaskClient, fake: FakeApi, form: dict[str, str], sent: dict[str, Any]
) -> None:
    assert told(send(client, f"transactions/{TXN}/extend", **form, reason="Outage")) == "Access extended."
    assert body_of(fake, f"POST {OF_TXN}/extend_access") == {"reason": "Outage", **sent}


@pytest.mark.parametrize("day", ["", "tomorrow", "9999-12-31", "2026-02-30"])
def test_what_is_no_day_is_said_at_its_field(client: FlaskClient, fake: FakeApi, day: str) -> None:
    refused = send(client, f"transactions/{TXN}/extend", how="until", day=day, reason="Outage")
    assert "Not a day." in refused.text
    assert asked_of(fake, f"POST {OF_TXN}/extend_access") == []


def test_deleting_shows_the_renewals_that_rely_on_the_details(client: FlaskClient, fake: FakeApi) -> None:
    shown = opened(client, f"payment-methods/{PM}/delete")
    assert "<bdi>Premium, monthly</bdi>: the payment of" in shown
    assert "9,99\u00a0€" in shown
    fake.answers[f"DELETE {OF_PM}"] = {**METHOD, "status": "detaching"}
    assert told(send(client, f"payment-methods/{PM}/delete")) == "Payment details are being deleted."
    fake.answers[f"DELETE {OF_PM}"] = {**METHOD, "status": "active"}
    assert "didn&#39;t delete them" in send(client, f"payment-methods/{PM}/delete").text


def test_a_pending_transaction_is_called_off(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"POST {OF_TXN}/cancel"] = {**DONE, "transaction": {**TRANSACTION, "status": "pending"}}
    assert "being called off" in told(send(client, f"transactions/{TXN}/cancel", reason="duplicate"))
    assert body_of(fake, f"POST {OF_TXN}/cancel") == {"reason": "duplicate"}
