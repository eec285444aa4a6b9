"""Invoices: numbered without a gap, made out to the buyer as they are that day."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from servicekit.faults import reach
from servicekit.ids import new_id
from services.billing import events
from services.billing.models.invoices import Invoice
from services.billing.models.people import KnownCustomer
from services.billing.models.transactions import Transaction
from services.billing.queries.settings import billing_settings
from services.billing.views.common import moment, money

# The row stays locked until the commit: whoever rolls back leaves the number to the next one.
_NEXT_NUMBER = text(
    """
    INSERT INTO invoice_counter (publisher_id, year, last_number) VALUES (:publisher_id, :year, 1)
    ON CONFLICT (publisher_id, year) DO UPDATE SET last_number = invoice_counter.last_number + 1
    RETURNING last_number
    """
)
_ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")


def issue_invoice(session: Session, paid: Transaction, *, now: datetime) -> Invoice:
    """The invoice of a transaction that was paid. Last in a transaction: it holds the publisher's counter."""
    return _issue(session, paid, kind="invoice", refund_id=None, amount=paid.amount_minor, tax=paid.tax_minor, now=now)


def issue_credit_note(
    session: Session, paid: Transaction, *, refund_id: str, amount_minor: int, tax_minor: int, now: datetime
) -> Invoice:
    """The credit note about money of a transaction that was given back; its amounts are negative."""
    return _issue(session, paid, kind="credit_note", refund_id=refund_id, amount=-amount_minor, tax=-tax_minor, now=now)


def undo_credit_note(session: Session, paid: Transaction, *, refund_id: str, now: datetime) -> None:
    """The invoice that takes back a refund's credit note, if there is one: the money was not given back after all."""
    mine = select(Invoice).where(Invoice.transaction_id == paid.id, Invoice.refund_id == refund_id)
    note = session.scalars(mine.where(Invoice.kind == "credit_note")).one_or_none()
    if note is not None:
        _issue(
            session, paid, kind="invoice", refund_id=refund_id, amount=-note.total_minor, tax=-note.tax_minor, now=now
        )


def _issue(
    session: Session, paid: Transaction, *, kind: str, refund_id: str | None, amount: int, tax: int, now: datetime
) -> Invoice:
    settings = billing_settings(session, paid.publisher_id)
    offer = events.offer_of(session, paid.offer_id)
    year = now.astimezone(ZoneInfo(settings.time_zone)).year
    line = {
        "description": offer.name,
        "quantity": 1,
        "amount": money(amount, paid.currency),
        "tax": money(tax, paid.currency),
        "tax_percent": f"{offer.tax_percent.normalize():f}",
        "period_start": moment(paid.period_start),
        "period_end": moment(paid.period_end),
    }
    invoice = Invoice(
        id=new_id("inv"),
        publisher_id=paid.publisher_id,
        customer_id=paid.customer_id,
        transaction_id=paid.id,
        refund_id=refund_id,
        kind=kind,
        year=year,
        number=session.scalar(_NEXT_NUMBER, {"publisher_id": paid.publisher_id, "year": year}),
        issued_at=now,
        buyer=_buyer(session, paid.customer_id),
        seller=dict(settings.seller),
        lines=[line],
        currency=paid.currency,
        total_minor=amount,
        tax_minor=tax,
        version=1,
    )
    reach("invoice:numbered")
    session.add(invoice)
    events.publish_invoice(session, invoice, paid, now=now)
    return invoice


def _buyer(session: Session, customer_id: str) -> dict[str, Any]:
    known = session.get(KnownCustomer, customer_id)
    told = (known.told if known is not None else None) or {}
    name = " ".join(part for part in (told.get("first_name"), told.get("last_name")) if part)
    address = told.get("address")
    return {
        "name": name or None,
        "company": told.get("company"),
        "email": told.get("email"),
        "address": {part: address.get(part) for part in _ADDRESS} if address else None,
    }
