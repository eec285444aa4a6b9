"""Invoices over the API, and as files that go with their mails."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from servicekit.ids import new_id
from services.notifications import invoicing
from services.notifications.delivery.message import message_bytes
from services.notifications.invoices import pdf as making
from services.notifications.models import Attachment
from services.notifications.tests.conftest import Api, Invoices, World, anonymized, created
from services.notifications.tests.test_billing import told
from services.notifications.tests.test_invoice_documents import named, text_of, text_of_page


@pytest.fixture
def customer_id(world: World, api: Api) -> str:
    api.set(kinds={"welcome": False}, time_zone="Europe/Berlin")
    return world.customer(language="de-AT")


def _issue(billing: Invoices, customer_id: str, name: str = "Anna Schmidt", **changes: Any) -> str:
    invoice_id = new_id("inv")
    billing.known[invoice_id] = {**named(name), "id": invoice_id, "customer_id": customer_id, **changes}
    return invoice_id


def _attached(world: World) -> list[Attachment]:
    with world.app.transaction("pub_a") as session:
        return list(session.scalars(select(Attachment).order_by(Attachment.email_id)))


def _erase(world: World, customer_id: str) -> None:
    """Anonymize, until nothing is left."""
    world.take(anonymized(customer_id))
    while world.sender.step() + world.scheduler.step():
        pass


@pytest.mark.parametrize(("kind", "title"), [("invoice", "Rechnung"), ("credit_note", "Rechnungskorrektur")])
def test_any_invoice_is_a_page_and_a_pdf_in_its_customers_language(
    api: Api, billing: Invoices, customer_id: str, kind: str, title: str
) -> None:
    invoice_id = _issue(billing, customer_id, kind=kind)
    page = api.send("GET", f"/invoices/{invoice_id}/page")
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert f"{title} 2026-000001" in text_of_page(page.text)
    assert "€ 12,99" in text_of_page(page.text), "as one writes it in Austria"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;")
    assert "default-src 'none'" in policy
    pdf = api.send("GET", f"/invoices/{invoice_id}/pdf")
    assert (pdf.status_code, pdf.content_type) == (200, "application/pdf")
    assert pdf.headers["Content-Disposition"] == 'attachment; filename="invoice-2026-000001.pdf"'
    assert f"{title} 2026-000001" in text_of(pdf.data)
    assert api.send("GET", f"/invoices/{invoice_id}/pdf").data == pdf.data


def test_an_invoice_of_somebody_anonymized_is_shown_in_the_publishers_language(
    world: World, api: Api, billing: Invoices, customer_id: str
) -> None:
    api.set(language="fr")
    _erase(world, customer_id)
    page = api.send("GET", f"/invoices/{_issue(billing, customer_id)}/page")
    assert "Facture 2026-000001" in text_of_page(page.text)


@pytest.mark.parametrize("form", ["page", "pdf"])
def test_who_may_see_them(api: Api, billing: Invoices, customer_id: str, form: str) -> None:
    path = f"/invoices/{_issue(billing, customer_id)}/{form}"
    assert api.send("GET", path, as_="masked").status_code == 403
    assert api.send("GET", path, as_="mails").status_code == 403, "it is billing's to show"
    assert api.send("GET", path, as_="b").status_code == 404
    assert api.send("GET", f"/invoices/{new_id('inv')}/{form}").status_code == 404
    assert api.send("GET", f"/invoices/..%2f..%2fx/{form}").status_code == 404


def test_where_there_is_no_pdf_it_is_said_why_and_what_to_do(
    api: Api, billing: Invoices, customer_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = api.send("GET", f"/invoices/{_issue(billing, customer_id, '山田太郎')}/pdf")
    assert (answer.status_code, (answer.json or {})["code"]) == (404, "pdf_lacks_letters")
    assert "/page" in (answer.json or {})["detail"]
    monkeypatch.setattr(making, "pdf_installed", lambda: False)
    answer = api.send("GET", f"/invoices/{_issue(billing, customer_id)}/pdf")
    assert (answer.status_code, (answer.json or {})["code"]) == (404, "pdf_not_installed")
    assert api.send("GET", f"/invoices/{_issue(billing, customer_id)}/page").status_code == 200


def test_an_invoices_mail_has_it_as_a_file_that_says_the_same(world: World, api: Api, customer_id: str) -> None:
    world.take(told("invoice.issued", customer_id))
    (file,) = _attached(world)
    assert (file.file_name, file.media_type) == ("invoice-2026-000001.pdf", "application/pdf")
    (mail,) = world.emails()
    said = text_of(file.content or b"")
    for part in ("2026-000001", "1. März 2026", "€ 12,99", "€ 10,92", "€ 2,07", "Premium, monthly", "Anna Schmidt",
                 "Invalidenstraße 116", "10115 Berlin"):  # fmt: skip
        assert part in said
        assert part in " ".join((mail.text or "").split())
    assert api.get(f"/emails/{mail.id}")["attachments"] == ["invoice-2026-000001.pdf"]
    while world.sender.step():
        pass
    (taken,) = world.transport.taken
    raw = message_bytes(taken)
    assert b"Content-Type: application/pdf" in raw
    assert b'filename="invoice-2026-000001.pdf"' in raw
    assert taken.attachments[0].content == file.content


def test_a_mail_that_waited_for_its_customer_has_it_too(world: World, api: Api) -> None:
    event = created(registered_at="2020-01-01T00:00:00Z", language="pl")
    world.take(told("invoice.issued", event.subject))
    assert _attached(world) == []
    world.take(event)
    (file,) = _attached(world)
    assert "Faktura 2026-000001" in text_of(file.content or b"")


def test_sent_again_it_is_the_same_file(world: World, api: Api, customer_id: str) -> None:
    world.take(told("invoice.issued", customer_id))
    while world.sender.step():
        pass
    (mail,) = world.emails()
    assert api.send("POST", f"/emails/{mail.id}/resend", {}).status_code == 201
    first, second = _attached(world)
    assert first.content == second.content


def test_where_no_font_has_the_letters_the_mail_goes_without(world: World, customer_id: str) -> None:
    buyer = {"name": "山田太郎", "company": None, "email": "y@example.com", "address": None}
    world.take(told("invoice.issued", customer_id, buyer=buyer))
    assert _attached(world) == []
    while world.sender.step():
        pass
    (taken,) = world.transport.taken
    assert (taken.attachments, "山田太郎" in taken.html) == ((), True)


def test_without_the_extra_the_mail_goes_without(
    world: World, customer_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoicing, "pdf_installed", lambda: False)
    world.take(told("invoice.issued", customer_id))
    assert _attached(world) == []
    assert [mail.status for mail in world.emails()] == ["queued"]


def test_nobody_keeps_the_file_of_somebody_anonymized(world: World, customer_id: str) -> None:
    world.take(told("invoice.issued", customer_id))
    assert len(_attached(world)) == 1
    _erase(world, customer_id)
    assert _attached(world) == []


def test_credit_notes_call_for_no_mail_of_their_own(world: World, customer_id: str) -> None:
    """The refund's confirmation tells of them; the file is there to be fetched."""
    world.take(told("invoice.issued", customer_id, kind="credit_note"))
    assert world.emails() == []


def test_a_pdf_that_is_attached_can_be_read_by_others(world: World, customer_id: str) -> None:
    world.take(told("invoice.issued", customer_id))
    (file,) = _attached(world)
    assert len(PdfReader(io.BytesIO(file.content or b""), strict=True).pages) == 1
