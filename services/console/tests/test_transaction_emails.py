"""A transaction's emails on its page (T3), and what contradicts it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from services.console.tests.billing_examples import ACTIONS, HAPPENED, TRANSACTION, TXN, listed
from services.console.tests.conftest import FakeApi, problem
from services.console.tests.examples import CUSTOMER, ID, ME
from services.console.tests.test_billing_panels import PAGE, SCOPES, part


@pytest.fixture(autouse=True)
def _billing(fake: FakeApi) -> None:
    fake.answers |= {
        f"GET /v1/customers/{ID}": CUSTOMER,
        "GET /v1/identity/me": {**ME, "scopes": SCOPES},
        "GET /v1/identity/publisher": {"offer_url_template": None},
        f"GET /v1/billing/transactions/{TXN}": TRANSACTION,
        f"GET /v1/billing/transactions/{TXN}/actions": {"items": ACTIONS},
        f"GET /v1/billing/transactions/{TXN}/events": listed(HAPPENED),
    }


MAIL = {
    "id": "eml_06h5yvkg1scm7h3b8k5rqt2xzw", "kind": "receipt", "status": "sent", "resend_of": None,
    "created_at": "2026-12-01T10:00:00Z",
}  # fmt: skip
MAILS = "GET /v1/notifications/emails"


@pytest.fixture
def mails(fake: FakeApi) -> FakeApi:
    fake.answers["GET /v1/identity/me"] = {**ME, "scopes": [*SCOPES, "notifications:read"]}
    fake.answers[MAILS] = listed(MAIL)
    return fake


def test_a_transaction_shows_its_emails(client: FlaskClient, mails: FakeApi) -> None:
    shown = part(client, f"transactions/{TXN}")
    assert f'hx-get="{PAGE}/emails/{MAIL["id"]}"' in shown
    assert "Receipt</button>" in shown
    (asked,) = [request for request in mails.asked if request.url.path == "/v1/notifications/emails"]
    assert dict(asked.url.params) == {"customer_id": ID, "transaction_id": TXN, "limit": "200"}


def test_a_transaction_is_shown_without_its_emails_where_those_can_not_be_had(
    client: FlaskClient, mails: FakeApi
) -> None:
    mails.answers[MAILS] = problem(503, "unavailable", "Down.")
    assert "The emails can't be shown right now." in part(client, f"transactions/{TXN}")


def test_whoever_may_not_read_emails_is_not_told_of_them(client: FlaskClient, fake: FakeApi) -> None:
    assert "Emails" not in part(client, f"transactions/{TXN}")
    assert not [request for request in fake.asked if request.url.path == "/v1/notifications/emails"]


def test_a_charge_of_another_amount_is_told_in_words(client: FlaskClient, fake: FakeApi) -> None:
    problem_told = "amount_differs: 9.98 EUR were taken, and 9.99 EUR ordered."
    operation = {"kind": "charge", "status": "in_doubt", "attempts": 1, "last_problem": problem_told}
    fake.answers[f"GET /v1/billing/transactions/{TXN}"] = {**TRANSACTION, "operation": operation}
    assert "Look into this one: 9.98 EUR were taken, and 9.99 EUR ordered." in part(client, f"transactions/{TXN}")
