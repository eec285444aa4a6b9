"""What stands on an invoice or credit note, in its reader's language; how it is drawn is the page's and the PDF's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from babel import Locale

from services.notifications import formatting
from services.notifications.cleaning import lines, one_line
from services.notifications.wording import wording

CREDIT_NOTE = "credit_note"
_MOST_LINES = 200
_SELLER = ("name", "address", "tax_id", "email")


@dataclass(frozen=True, slots=True)
class Line:
    """Something sold, or given back. ``period`` is when it runs, empty if it doesn't."""

    description: str
    period: str
    quantity: str
    tax: str
    amount: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """An invoice or credit note, all of it text. ``facts`` and ``totals`` are labels with values, the last total what
    is to be paid; ``columns`` head description, quantity, tax and amount of the lines."""

    language: str
    kind: str
    number: str
    facts: tuple[tuple[str, str], ...]
    seller_label: str
    seller: tuple[str, ...]
    buyer_label: str
    buyer: tuple[str, ...]
    columns: tuple[str, str, str, str]
    lines: tuple[Line, ...]
    totals: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """What it is called, such as ``Invoice 2026-000042``."""
        return f"{self.kind} {self.number}"

    @property
    def file_name(self) -> str:
        """Its name as a file, without an ending: what it is and its number, in ASCII."""
        return one_line(f"invoice-{self.number}", 60).encode("ascii", "ignore").decode().replace("/", "-")


def sheet_of(
    invoice: Mapping[str, Any], *, language: str, reads: str | None, time_zone: str, seller_name: str
) -> Sheet:
    """The sheet of an invoice as billing tells of it.

    ``language`` is one that there is a wording for, ``reads`` the customer's own (a BCP 47 tag), by which numbers and
    days are written, ``seller_name`` who sells where the invoice doesn't say it.
    """
    words = wording(language)
    locale, zone = formatting.locale_for(reads, language), formatting.zone_for(time_zone)
    told = words.invoice
    sold = invoice.get("lines") or []
    return Sheet(
        language=language,
        kind=told["credit_note" if invoice.get("kind") == CREDIT_NOTE else "invoice"],
        number=one_line(invoice["number"], 60),
        facts=(
            (told["number"], one_line(invoice["number"], 60)),
            (words.labels["date"], formatting.day(str(invoice["issued_at"]), locale, zone)),
            (words.labels["transaction_id"], one_line(invoice.get("transaction_id") or "", 60)),
        ),
        seller_label=told["seller"],
        seller=tuple(_seller(invoice.get("seller") or {}, seller_name, told)),
        buyer_label=words.labels["buyer"],
        buyer=tuple(_buyer(invoice.get("buyer") or {}, locale)),
        columns=(words.labels["description"], words.labels["quantity"], told["tax"], words.labels["amount"]),
        lines=tuple(_line(line, locale, zone) for line in sold[:_MOST_LINES]),
        totals=tuple(_totals(invoice, words.labels, locale)),
    )


def _seller(seller: Mapping[str, Any], name: str, told: Mapping[str, str]) -> Iterator[str]:
    for part in _SELLER:
        value = seller.get(part) or (name if part == "name" else "")
        for line in lines(value):
            yield told["tax_id"].format(number=line) if part == "tax_id" else line


def _buyer(buyer: Mapping[str, Any], locale: Locale) -> Iterator[str]:
    address = buyer.get("address") or {}
    place = " ".join(str(part) for part in (address.get("postal_code"), address.get("city")) if part)
    country = address.get("country")
    parts = (
        buyer.get("name"), buyer.get("company"), address.get("line1"), address.get("line2"), place,
        address.get("state"), locale.territories.get(country, country) if country else None, buyer.get("email"),
    )  # fmt: skip
    for part in parts:
        if part and (line := one_line(part)):
            yield line


def _line(line: Mapping[str, Any], locale: Locale, zone: tzinfo) -> Line:
    starts, ends = line.get("period_start"), line.get("period_end")
    period = f"{formatting.day(starts, locale, zone)} – {formatting.day(ends, locale, zone)}" if starts and ends else ""
    tax = f"{formatting.money(line['tax'], locale)} ({one_line(line.get('tax_percent') or 0, 20)} %)"
    return Line(
        description=one_line(line.get("description") or ""),
        period=period,
        quantity=one_line(line.get("quantity") or 1, 20),
        tax=tax,
        amount=formatting.money(line["amount"], locale),
    )


def _totals(invoice: Mapping[str, Any], labels: Mapping[str, str], locale: Locale) -> Iterator[tuple[str, str]]:
    total, tax = invoice["total"], invoice["tax"]
    net = {**total, "amount_minor": int(total["amount_minor"]) - int(tax["amount_minor"])}
    for name, amount in (("net", net), ("tax", tax), ("total", total)):
        yield labels[name], formatting.money(amount, locale)
