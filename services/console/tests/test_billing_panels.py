"""Payments, transactions and invoices of a customer, as the panels show them."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.tests.billing_examples import (
    ACCESS,
    ACCOUNT,
    ACTIONS,
    CANCELLED,
    HAPPENED,
    INV,
    INVOICE,
    METHOD,
    OFFER,
    REFUND,
    SUBSCRIPTION,
    TRANSACTION,
    TXN,
    listed,
)
from services.console.tests.conftest import FakeApi, problem
from services.console.tests.examples import CUSTOMER, ID, ME, PREFERENCES

PAGE = f"/console/customers/{ID}"
PART = {"HX-Request": "true"}
SCOPES = [*ME["scopes"], "billing:read", "billing:write"]
PANELS = ("payments", "transactions", "invoices", "account")


@pytest.fixture(autouse=True)
def _billing(fake: FakeApi) -> None:
    fake.answers |= {
        f"GET /v1/customers/{ID}": CUSTOMER,
        "GET /v1/identity/me": {**ME, "scopes": SCOPES},
        "GET /v1/identity/me/preferences": {**PREFERENCES, "language": "en-GB", "time_zone": "Europe/Berlin"},
        "GET /v1/identity/publisher": {"offer_url_template": "https://shop.example/o/{offer_id}?a=1"},
        "GET /v1/billing/subscriptions": listed(SUBSCRIPTION),
        "GET /v1/billing/payment_methods": listed(METHOD),
        "GET /v1/billing/access": listed(ACCESS),
        "GET /v1/billing/transactions": listed(TRANSACTION),
        f"GET /v1/billing/transactions/{TXN}": TRANSACTION,
        f"GET /v1/billing/transactions/{TXN}/actions": {"items": ACTIONS},
        f"GET /v1/billing/transactions/{TXN}/events": listed(HAPPENED),
        "GET /v1/billing/invoices": listed(INVOICE),
        f"GET /v1/billing/invoices/{INV}": INVOICE,
        f"GET /v1/billing/customers/{ID}/account": ACCOUNT,
    }


def part(client: FlaskClient, path: str) -> str:
    answer = client.get(f"{PAGE}/{path}", headers=PART)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_page_has_the_panels_of_whoever_may_read_billing(client: FlaskClient, fake: FakeApi) -> None:
    page = client.get(PAGE).text
    for name in PANELS:
        assert f'hx-get="{PAGE}/{name}"' in page
    fake.answers["GET /v1/identity/me"] = ME
    client.set_cookie("accounts_stamp", "other", path="/console")
    page = client.get(PAGE).text
    assert "/payments" not in page
    assert "/account" not in page


def test_the_next_payment_has_date_amount_and_name(client: FlaskClient) -> None:
    shown = part(client, "payments")
    for each in ("1 Jan 2027", "€9.99", "/ month", "Premium, monthly", "Visa", "4242", "Expires 02/2034", "Default"):
        assert each in shown
    assert "until" in shown


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (CANCELLED, ("Access until", "1 Jan 2027", "Canceled")),
        (
            {"status": "past_due", "retry": {"attempt": 2, "at": "2026-12-03T10:00:00.000000Z"}},
            ("Next try", "3 Dec 2026", "2 payments failed"),
        ),
        ({"status": "past_due", "retry": None}, ("Payment failed", "No further try is planned")),
        ({"status": "trialing", "trial_end": "2026-12-03T10:00:00.000000Z"}, ("Free until", "3 Dec 2026")),
        (
            {"pending_switch": {"offer": {**OFFER, "name": "Yearly"}, "at": "2026-12-31T23:30:00.000000Z"}},
            ("Becomes", "Yearly", "1 Jan 2027"),
        ),
        ({"payment_method_id": "pm_0000000000"}, ("Payment details deleted",)),
        ({"channel": "apple"}, ("App Store",)),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_special_of_a_subscription_is_said(
    client: FlaskClient, fake: FakeApi, change: dict[str, Any], words: tuple[str, ...]
) -> None:
    fake.answers["GET /v1/billing/subscriptions"] = listed({**SUBSCRIPTION, **change})
    shown = part(client, "payments")
    for each in words:
        assert each in shown


def test_details_that_are_expired_hidden_or_being_deleted_are_shown_as_such(client: FlaskClient, fake: FakeApi) -> None:
    expired = {**METHOD, "expired": True, "expiry_year": 2020}
    fake.answers["GET /v1/billing/payment_methods"] = listed(
        expired, {**METHOD, "status": "detaching"}, {**METHOD, "last4": None, "masked": ["last4", "expiry_month"]}
    )
    shown = part(client, "payments")
    assert "Expired 02/2020" in shown
    assert "Being deleted" in shown
    assert shown.count("Hidden</span>") == 3, "of the card twice, in the tile once"
    assert "again=1" in shown, "asked for again until the provider has let go of them"


def test_who_pays_in_the_app_sees_the_store_and_why_what_cannot_be_done(client: FlaskClient, fake: FakeApi) -> None:
    refusal = {"action": "refund", "code": "store_managed", "reason": "Apple decides about refunds <b>."}
    store = {"channel": "apple", "name": "App Store", "subscription_ids": [], "refusals": [refusal]}
    new = {**store, "channel": "brandnew", "name": "A new store", "refusals": []}
    fake.answers["GET /v1/billing/payment_methods"] = {**listed(), "stores": [store, new]}
    shown = part(client, "payments")
    for each in (
        "Apple keeps the payment details",
        "Can&#39;t be refunded here",
        "about refunds &lt;b&gt;",
        "A new store",
    ):
        assert each in shown or each.replace("&#39;", "'") in shown
    assert "None on file" not in shown


def test_a_transaction_has_its_columns_and_the_way_to_the_offer(client: FlaskClient, fake: FakeApi) -> None:
    shown = part(client, "transactions")
    for each in ("1 Feb 2026, 00:30", "€1,234.56", "€197.11", ">EUR<", "Succeeded", "Visa", ">Web<", "ORDER-1001"):
        assert each in shown
    assert 'href="https://shop.example/o/S%20705%2FDE?a=1"' in shown
    assert 'hx-trigger="load delay' not in shown
    fake.answers["GET /v1/identity/publisher"] = problem(503, "unavailable", "Down.")
    assert "https://shop" not in part(client, "transactions")


@pytest.mark.parametrize("template", ["javascript:alert({offer_id})", "https://shop.example/", None, "//x/{offer_id}"])
def test_only_an_address_of_a_website_leads_to_an_offer(client: FlaskClient, fake: FakeApi, template: str) -> None:
    fake.answers["GET /v1/identity/publisher"] = {"offer_url_template": template}
    assert "offer-link" not in part(client, "transactions")


def test_what_is_pending_is_asked_for_again_less_and_less_often(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/billing/transactions"] = listed(
        {**TRANSACTION, "refunds": [{**REFUND, "status": "pending"}], "status": "partially_refunded"}
    )
    first = part(client, "transactions?status=succeeded")
    assert "Refund pending" in first
    assert f'{PAGE}/transactions?status=succeeded&amp;again=1" hx-trigger="load delay:2s"' in first
    assert "delay:30s" in part(client, "transactions?again=90")


def test_filters_order_and_page_are_asked_of_billing_in_the_readers_days(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/billing/transactions"] = listed(TRANSACTION, cursor="next")
    query = "status=failed&channel=apple&first=2026-03-01&last=2026-03-29&sort=amount&at=one&at=two"
    shown = part(client, f"transactions?{query}")
    asked = next(dict(request.url.params) for request in fake.asked if request.url.path == "/v1/billing/transactions")
    assert asked == {
        "customer_id": ID,
        "status": "failed",
        "channel": "apple",
        "from": "2026-02-28T23:00:00+00:00",
        "to": "2026-03-29T22:00:00+00:00",  # summer time has begun that day
        "sort": "amount",
        "cursor": "two",
        "limit": "20",
    }
    assert "at=one&amp;at=two&amp;at=next" in shown
    assert 'aria-sort="ascending"' in shown


@pytest.mark.parametrize("query", ["status=evil&channel=x&sort=id&first=yesterday", "first=9999-12-31&last=0001-01-01"])
def test_what_an_address_cannot_mean_is_left_out(client: FlaskClient, fake: FakeApi, query: str) -> None:
    part(client, f"transactions?{query}")
    asked = next(dict(request.url.params) for request in fake.asked if request.url.path == "/v1/billing/transactions")
    assert asked == {"customer_id": ID, "sort": "-created_at", "limit": "20"}


def test_days_in_the_wrong_order_and_a_stale_page_are_told(client: FlaskClient, fake: FakeApi) -> None:
    assert "comes before the first" in part(client, "transactions?first=2026-03-02&last=2026-03-01")
    fake.answers["GET /v1/billing/transactions"] = problem(400, "invalid_cursor", "The cursor is none of ours.")
    assert "none of ours" in part(client, "transactions?at=evil")


def test_details_have_every_field_and_the_refunds(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET /v1/billing/transactions/{TXN}"] = {
        **TRANSACTION,
        "refunds": [REFUND, {**REFUND, "status": "failed", "failure": {"code": "x", "message": "The bank said no."}}],
    }
    shown = part(client, f"transactions/{TXN}")
    for each in (
        TXN,
        "ORDER-1001",
        "ch_123",
        "re_1",
        "Sorry &lt;b&gt;",
        "Goodwill",
        "The bank said no.",
        "Sandbox",
        "Paid",
    ):
        assert each in shown


def test_details_offer_what_can_be_done_and_say_why_not(client: FlaskClient, fake: FakeApi) -> None:
    shown = part(client, f"transactions/{TXN}")
    assert f'hx-get="{PAGE}/transactions/{TXN}/refund"' in shown
    assert f'hx-get="{PAGE}/transactions/{TXN}/extend"' not in shown
    assert "There is no access to extend." in shown
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": [*ME["scopes"], "billing:read"]}
    client.set_cookie("accounts_stamp", "other", path="/console")
    shown = part(client, f"transactions/{TXN}")
    assert "/refund" not in shown
    assert "no access to extend" not in shown
    assert "/cancel" not in part(client, "payments")
    assert "/delete" not in part(client, "payments")


def test_a_transaction_of_somebody_else_is_not_shown_here(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET /v1/billing/transactions/{TXN}"] = {**TRANSACTION, "customer_id": "cus_0000000000"}
    assert client.get(f"{PAGE}/transactions/{TXN}", headers=PART).status_code == 404
    assert client.get(f"{PAGE}/transactions/..%2f..", headers=PART).status_code == 404
    assert client.get(f"{PAGE}/transactions/{TXN}").status_code == 303, "a dialog is shown on its page"


def test_the_summary_has_the_accounts_figures(client: FlaskClient) -> None:
    shown = part(client, "account")
    for each in ("€1,234.56", "JP¥500", "1,234", "1 Jan 2027", "€9.99", "Visa", "Google Play", "Active"):
        assert each in shown


def test_what_was_paid_with_can_be_hidden_whole(client: FlaskClient, fake: FakeApi) -> None:
    hidden = {"id": None, "kind": None, "brand": None, "last4": None}
    masked = [f"last_payment_method.{name}" for name in ("brand", "last4")]
    fake.answers[f"GET /v1/billing/customers/{ID}/account"] = {
        **ACCOUNT, "last_payment_method": hidden, "masked": masked,
    }  # fmt: skip
    assert 'class="hidden-value"' in part(client, "account")


@pytest.mark.parametrize("name", PANELS)
def test_somebody_billing_has_not_heard_of_has_bought_nothing(client: FlaskClient, fake: FakeApi, name: str) -> None:
    unknown = problem(404, "customer_not_found", "There is no customer with this ID.")
    fake.answers |= {path: unknown for path in fake.answers if "/v1/billing/" in path}
    assert "Try again" not in part(client, name)


@pytest.mark.parametrize("name", PANELS)
def test_billing_down_is_told_in_its_panels_and_the_rest_works(client: FlaskClient, fake: FakeApi, name: str) -> None:
    fake.answers |= {path: httpx2.ConnectError("gone") for path in fake.answers if "/v1/billing/" in path}
    shown = part(client, name)
    assert "Not available right now" in shown
    assert "data-retry" in shown
    assert "Anna Müller" in client.get(PAGE).text


def test_amounts_and_days_are_written_as_the_reader_does(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/identity/me/preferences"] = {**PREFERENCES, "language": "de-DE", "time_zone": "UTC"}
    shown = part(client, "transactions")
    assert "1.234,56\u00a0€" in shown
    assert "31.01.2026" in shown


def test_hostile_values_are_text(client: FlaskClient, fake: FakeApi) -> None:
    evil = '"><script>alert(2)</script>'
    offer = {**OFFER, "name": evil, "external_id": evil, "kind": evil}
    refund = {**REFUND, "comment": evil, "reason": evil, "status": evil}
    transaction = {
        **TRANSACTION, "offer": offer, "status": evil, "channel": evil, "external_order_id": evil, "refunds": [refund],
        "provider": evil, "provider_reference": evil, "kind": evil, "failure": {"code": evil, "message": evil},
        "payment_method": {"id": None, "kind": evil, "brand": evil, "last4": evil},
    }  # fmt: skip
    fake.answers |= {
        "GET /v1/billing/subscriptions": listed({**SUBSCRIPTION, "offer": offer, "status": evil, "channel": evil}),
        "GET /v1/billing/payment_methods": listed({**METHOD, "brand": evil, "last4": evil, "kind": evil}),
        "GET /v1/billing/access": listed({**ACCESS, "offer": offer, "reason": evil}),
        "GET /v1/billing/transactions": listed(transaction),
        f"GET /v1/billing/transactions/{TXN}": transaction,
        f"GET /v1/billing/invoices/{INV}": {**INVOICE, "number": evil, "seller": {"name": evil}},
    }
    for path in ("payments", "transactions", f"transactions/{TXN}", f"invoices/{INV}"):
        shown = part(client, path)
        assert "&lt;script&gt;" in shown
        assert "<script>" not in shown
