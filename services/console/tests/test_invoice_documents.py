"""An invoice as it was made out, as a page to print and as a PDF, passed on from the API."""

from __future__ import annotations

import httpx2
import pytest
from flask.testing import FlaskClient

from services.console.tests.billing_examples import INV, INVOICE, listed
from services.console.tests.conftest import FakeApi, problem
from services.console.tests.examples import CUSTOMER, ID, ME, PREFERENCES

PAGE = f"/console/customers/{ID}"
PDF = f"/v1/notifications/invoices/{INV}/pdf"
PRINTED = f"/v1/notifications/invoices/{INV}/page"


@pytest.fixture(autouse=True)
def _an_invoice(fake: FakeApi) -> None:
    fake.answers |= {
        f"GET /v1/customers/{ID}": CUSTOMER,
        "GET /v1/identity/me": {**ME, "scopes": [*ME["scopes"], "billing:read"]},
        "GET /v1/identity/me/preferences": {**PREFERENCES, "language": "en-GB", "time_zone": "Europe/Berlin"},
        f"GET /v1/billing/invoices/{INV}": INVOICE,
    }


def _part(client: FlaskClient, path: str) -> str:
    answer = client.get(f"{PAGE}/{path}", headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_an_invoice_is_shown_as_it_was_made_out(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers["GET /v1/billing/invoices"] = listed(INVOICE, cursor="older")
    assert "2026-000001" in _part(client, "invoices")
    assert "cursor=older" in _part(client, "invoices")
    assert "<table" not in _part(client, "invoices?cursor=older")
    shown = _part(client, f"invoices/{INV}")
    for each in ("Anna Müller", "Nordlicht GmbH", "€1,234.56", "€197.11", "(19 %)", "1 Feb 2026"):
        assert each in shown


def test_an_invoice_is_printed_and_fetched_as_the_api_gives_it(client: FlaskClient, fake: FakeApi) -> None:
    dialog = _part(client, f"invoices/{INV}")
    assert f'href="{PAGE}/invoices/{INV}/page" target="_blank" rel="noopener"' in dialog
    assert f'href="{PAGE}/invoices/{INV}/pdf" target="_blank" rel="noopener"' in dialog
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    fake.answers[f"GET {PRINTED}"] = httpx2.Response(200, content=b"<h1>Rechnung</h1>", headers=headers)
    page = client.get(f"{PAGE}/invoices/{INV}/page")
    assert (page.status_code, page.text) == (200, "<h1>Rechnung</h1>")
    assert {name: page.headers[name] for name in headers} == headers
    headers = {"Content-Type": "application/pdf", "Content-Disposition": 'attachment; filename="invoice-1.pdf"'}
    fake.answers[f"GET {PDF}"] = httpx2.Response(200, content=b"%PDF", headers=headers)
    file = client.get(f"{PAGE}/invoices/{INV}/pdf")
    assert (file.data, {name: file.headers[name] for name in headers}) == (b"%PDF", headers)


@pytest.mark.parametrize("code", ["pdf_not_installed", "pdf_lacks_letters"])
def test_where_there_is_no_pdf_the_page_is_named_instead(client: FlaskClient, fake: FakeApi, code: str) -> None:
    fake.answers[f"GET {PDF}"] = problem(404, code, "GET …/page")
    answer = client.get(f"{PAGE}/invoices/{INV}/pdf")
    assert answer.status_code == 404
    assert "Open the page to print instead." in answer.text


def test_another_customers_invoice_is_not_shown_here(client: FlaskClient, fake: FakeApi) -> None:
    fake.answers[f"GET /v1/billing/invoices/{INV}"] = {**INVOICE, "customer_id": "cus_06h5yvkg1scm7h3b8k5rqt2xzz"}
    for form in ("page", "pdf"):
        assert client.get(f"{PAGE}/invoices/{INV}/{form}").status_code == 404
        assert f"/v1/notifications/invoices/{INV}/{form}" not in [request.url.path for request in fake.asked]
