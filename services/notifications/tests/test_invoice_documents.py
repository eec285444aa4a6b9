"""Invoices to print and as PDFs: what billing made out, in the customer's language, the same each time."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from copy import deepcopy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from services.notifications.errors import NotInThisPdf, PdfNotInstalled
from services.notifications.invoices import pdf as making
from services.notifications.invoices.letters import runs
from services.notifications.invoices.page import page_of
from services.notifications.invoices.pdf import pdf_of
from services.notifications.invoices.sheet import Sheet, sheet_of
from services.notifications.wording import LANGUAGES

CONTRACT = Path(__file__).parents[2] / "billing" / "contracts" / "billing.invoice.issued.v1.json"
FONTS = Path(making.__file__).parent / "fonts"
INVOICE: dict[str, Any] = json.loads(CONTRACT.read_text("utf-8"))["data"]
SELLER = {"name": "Nordlicht Media GmbH", "address": "Hafenweg 1\n20457 Hamburg", "tax_id": "DE123456789"}


def invoice(**changes: Any) -> dict[str, Any]:
    """The contract's invoice with a seller that says everything, and changes."""
    return {**deepcopy(INVOICE), "seller": SELLER, **changes}


def named(name: str) -> dict[str, Any]:
    """An invoice to somebody of this name."""
    return invoice(buyer={**INVOICE["buyer"], "name": name})


def sheet(told: dict[str, Any], language: str = "en", reads: str | None = None) -> Sheet:
    return sheet_of(told, language=language, reads=reads, time_zone="Europe/Berlin", seller_name="Example")


def text_of(content: bytes) -> str:
    """All text of a PDF, white space as one blank."""
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.tags: list[str] = []
        self._skips = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._skips = tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._skips = False

    def handle_data(self, data: str) -> None:
        if not self._skips:
            self.parts.append(data)


def text_of_page(page: str) -> str:
    reader = _Text()
    reader.feed(page)
    return " ".join(" ".join(reader.parts).split())


def everything(made: Sheet) -> list[str]:
    """Every text on a sheet."""
    parts = [made.number, made.kind, made.seller_label, *made.seller, made.buyer_label, *made.buyer, *made.columns]
    parts += [part for pair in (*made.facts, *made.totals) for part in pair]
    for line in made.lines:
        parts += [line.description, line.period, line.quantity, line.tax, line.amount]
    return [" ".join(part.split()) for part in parts if part]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
def test_the_pdf_and_the_page_say_the_same_in_every_language(language: str, kind: str) -> None:
    minus = {"amount_minor": -1299, "currency": "EUR"}
    made = sheet(invoice(kind=kind, **({"total": minus} if kind == "credit_note" else {})), language)
    pdf, page = text_of(pdf_of(made)), text_of_page(page_of(made))
    for part in everything(made):
        assert part in pdf
        assert part in page


def test_money_and_days_are_written_for_the_reader() -> None:
    german, swiss, american = sheet(invoice(), "de"), sheet(invoice(), "de", "de-CH"), sheet(invoice(), "en", "en-US")
    assert german.totals[-1] == ("Gesamt", "12,99\xa0€")
    assert swiss.totals[-1] == ("Gesamt", "EUR\xa012.99")
    assert american.totals[-1] == ("Total", "€12.99")
    assert ("Date", "March 1, 2026") in american.facts
    assert german.lines[0].period == "1. März 2026 – 1. April 2026"
    assert (german.title, sheet(invoice(kind="credit_note"), "de").title) == (
        "Rechnung 2026-000001",
        "Rechnungskorrektur 2026-000001",
    )
    assert german.buyer[-2:] == ("Deutschland", "anna.schmidt@example.com")
    yen = {"amount_minor": 1200, "currency": "JPY"}
    assert sheet(invoice(total=yen, tax={**yen, "amount_minor": 0})).totals[-1][1] == "¥1,200"


def test_a_day_is_the_publishers() -> None:
    late = invoice(issued_at="2026-12-31T23:30:00.000000Z")
    assert ("Datum", "1. Januar 2027") in sheet(late, "de").facts


def test_who_sells_is_named_also_while_the_publisher_has_said_nothing() -> None:
    assert sheet(invoice(seller={})).seller == ("Example",)
    assert sheet(invoice()).seller == (
        "Nordlicht Media GmbH", "Hafenweg 1", "20457 Hamburg", "Tax ID: DE123456789",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["Łukasz Żółć-Świątek", "Иван Петрович Щукин", "Ελένη Παπαδοπούλου", "Đặng Thị Hạnh", "Åsa Öberg", "Ծովինար"],
)
def test_names_in_these_scripts_can_be_read_back(name: str) -> None:
    assert name in text_of(pdf_of(sheet(named(name))))


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("山田太郎", "山"),
        ("محمد علي", "م"),
        ("שרה כהן", "ש"),
        ("สมชาย", "ส"),
        ("प्रिया", "प"),
        ("김민준", "김"),
        ("Ada 🚀", "🚀"),
    ],
)
def test_a_name_that_would_be_boxes_or_wrong_is_refused_and_the_page_has_it(name: str, letter: str) -> None:
    made = sheet(named(name))
    with pytest.raises(NotInThisPdf, match="no PDF of this invoice") as refused:
        pdf_of(made)
    assert f"U+{ord(letter):04X}" in refused.value.detail
    assert name in text_of_page(page_of(made))


def test_each_letter_is_set_in_the_first_font_that_has_it() -> None:
    ours, theirs = ("Ours", {ord(letter) for letter in "Ada ,"}), ("Theirs", {ord("山"), ord("田"), ord("A")})
    assert runs("Ada 山田, Ada", (ours, theirs)) == [("Ours", "Ada "), ("Theirs", "山田"), ("Ours", ", Ada")]
    with pytest.raises(ValueError, match="x"):
        runs("Ada x", (ours, theirs))


def test_an_operators_fonts_are_asked_after_ours() -> None:
    assert "Anna Schmidt" in text_of(pdf_of(sheet(invoice()), fonts=[str(FONTS / "DejaVuSans-Bold.ttf")]))


HOSTILE = (
    '<b>A</b> & <img src=x onerror="alert(1)"/> <font size="99">{{ 7*7 }}{% for %}</font> </para> '
    "\u202egnp.exe\r\nBcc: x"
)


def test_what_is_hostile_is_text_in_both() -> None:
    made = sheet(invoice(buyer={**INVOICE["buyer"], "name": HOSTILE}, seller={**SELLER, "name": HOSTILE}))
    shown = " ".join(made.buyer[0].split())
    assert "\u202e" not in shown
    assert shown in text_of(pdf_of(made))
    page = page_of(made)
    reader = _Text()
    reader.feed(page)
    assert not {"b", "img", "font", "script", "iframe", "link", "form"} & set(reader.tags)
    assert shown in text_of_page(page)
    assert "49" not in made.buyer[0]


def test_what_is_very_long_still_fits_somewhere() -> None:
    long = {"line1": "x" * 1_000_000, "line2": "y " * 5_000, "city": "z" * 9_999, "state": "w" * 9_999,
            "postal_code": "1" * 9_999, "country": "DE"}  # fmt: skip
    buyer = {"name": "n " * 9_999, "company": "c" * 9_999, "email": "e" * 9_999, "address": long}
    line = {**INVOICE["lines"][0], "description": "d" * 9_999}
    seller = {"name": "s" * 9_999, "address": "\n".join(["a " * 999] * 20), "tax_id": "t" * 999, "email": "m" * 999}
    content = pdf_of(sheet(invoice(buyer=buyer, seller=seller, lines=[line] * 150)))
    assert 4 < len(PdfReader(io.BytesIO(content)).pages) < 200


def test_a_long_invoice_repeats_its_headings_and_counts_its_pages() -> None:
    content = pdf_of(sheet(invoice(lines=INVOICE["lines"] * 60)))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert "Description" in page
        assert f"2026-000001 · {number}" in page


def test_it_tells_a_reading_program_what_it_is_and_in_which_language() -> None:
    read = PdfReader(io.BytesIO(pdf_of(sheet(invoice(), "pl"))))
    assert read.metadata is not None
    assert (read.metadata.title, read.metadata.author) == ("Faktura 2026-000001", "Nordlicht Media GmbH")
    root: Any = read.trailer["/Root"]
    assert root["/Lang"] == "pl"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert '<html lang="pl">' in page_of(sheet(invoice(), "pl"))


def test_fonts_are_embedded_so_that_it_looks_the_same_everywhere() -> None:
    resources: Any = PdfReader(io.BytesIO(pdf_of(sheet(invoice())))).pages[0]["/Resources"]
    fonts = [font.get_object() for font in resources["/Font"].values()]
    embedded = [font for font in fonts if "/FontFile2" in font.get("/FontDescriptor", {})]
    assert {font["/BaseFont"].partition("+")[2] for font in embedded} == {"DejaVuSans", "DejaVuSans-Bold"}


def test_the_same_invoice_is_the_same_file_in_another_process_too() -> None:
    here = hashlib.sha256(pdf_of(sheet(invoice()))).hexdigest()
    pdf_of(sheet(named("Somebody else: Ünglück, Žižka")))
    assert hashlib.sha256(pdf_of(sheet(invoice()))).hexdigest() == here
    program = (
        "import hashlib; from services.notifications.tests import test_invoice_documents as t; "
        "print(hashlib.sha256(t.pdf_of(t.sheet(t.invoice()))).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_the_fonts_are_those_whose_licence_lies_beside_them() -> None:
    told = (FONTS / "README.md").read_text("utf-8")
    for path in sorted(FONTS.glob("*.ttf")):
        assert f"`{path.name}` | `{hashlib.sha256(path.read_bytes()).hexdigest()}`" in told
    assert "Bitstream Vera Fonts Copyright" in (FONTS / "LICENSE").read_text("utf-8")


def test_without_the_extra_there_is_no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "pdf_installed", lambda: False)
    with pytest.raises(PdfNotInstalled):
        pdf_of(sheet(invoice()))
