"""Invoices: numbered without a gap, made out to the buyer as they are that day."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, select, text
from sqlalchemy.orm import Session

from servicekit.db.direct import Insert, execute_directly
from servicekit.db.lasting import do_last
from servicekit.faults import reach
from servicekit.ids import new_id
from servicekit.outbox import publication
from services.billing import events
from services.billing.models.invoices import Invoice
from services.billing.models.people import KnownCustomer
from services.billing.models.transactions import Transaction
from services.billing.queries.settings import billing_settings
from services.billing.views.common import moment, money

# The row stays locked until the commit: whoever rolls back leaves the number to the next one.
_NEXT_NUMBERS = text(
    """
    INSERT INTO invoice_counter (publisher_id, year, last_number) VALUES (:publisher_id, :year, :count)
    ON CONFLICT (publisher_id, year) DO UPDATE SET last_number = invoice_counter.last_number + excluded.last_number
    RETURNING last_number
    """
)
_insert = Insert(cast("Table", Invoice.__table__))
_ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")
_UNNUMBERED = "billing_unnumbered_invoices"


def issue_invoice(session: Session, paid: Transaction, *, now: datetime) -> None:
    """Issue the invoice of a transaction that was paid.

    It gets its number, and is told of, when everything else of the session's transaction is done: until the commit
    nobody else of the publisher's gets one.
    """
    _issue(session, paid, kind="invoice", refund_id=None, amount=paid.amount_minor, tax=paid.tax_minor, now=now)


def issue_credit_note(
    session: Session, paid: Transaction, *, refund_id: str, amount_minor: int, tax_minor: int, now: datetime
) -> None:
    """The credit note about money of a transaction that was given back; its amounts are negative."""
    _issue(session, paid, kind="credit_note", refund_id=refund_id, amount=-amount_minor, tax=-tax_minor, now=now)


def undo_credit_note(session: Session, paid: Transaction, *, refund_id: str, now: datetime) -> None:
    """The invoice that takes back a refund's credit note, if there is one: the money was not given back after all."""
    for note in invoices_of(session, paid):
        if (note.refund_id, note.kind) == (refund_id, "credit_note"):
            amount, tax = -note.total_minor, -note.tax_minor
            _issue(session, paid, kind="invoice", refund_id=refund_id, amount=amount, tax=tax, now=now)


def invoices_of(session: Session, paid: Transaction) -> list[Invoice]:
    """A transaction's invoices and credit notes, those included that have no number yet."""
    issued = session.scalars(select(Invoice).where(Invoice.transaction_id == paid.id)).all()
    return [*issued, *(invoice for invoice, about in _unnumbered(session) if about.id == paid.id)]


def _issue(
    session: Session, paid: Transaction, *, kind: str, refund_id: str | None, amount: int, tax: int, now: datetime
) -> None:
    settings = billing_settings(session, paid.publisher_id)
    offer = events.offer_of(session, paid.offer_id)
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
        year=now.astimezone(ZoneInfo(settings.time_zone)).year,
        issued_at=now,
        buyer=_buyer(session, paid.customer_id),
        seller=dict(settings.seller),
        lines=[line],
        currency=paid.currency,
        total_minor=amount,
        tax_minor=tax,
        version=1,
    )
    _unnumbered(session).append((invoice, paid))
    do_last(session, _number)


def _unnumbered(session: Session) -> list[tuple[Invoice, Transaction]]:
    waiting: list[tuple[Invoice, Transaction]] = session.info.setdefault(_UNNUMBERED, [])
    return waiting


def _number(session: Session) -> None:
    """Number the transaction's invoices in the order in which they were issued, write them and tell of them."""
    waiting = _unnumbered(session)
    series = sorted({(invoice.publisher_id, invoice.year) for invoice, _ in waiting})
    for publisher_id, year in series:  # in one order, so that two who number in several never wait for each other
        mine = [each for each in waiting if (each[0].publisher_id, each[0].year) == (publisher_id, year)]
        asked = {"publisher_id": publisher_id, "year": year, "count": len(mine)}
        last = session.execute(_NEXT_NUMBERS, asked).scalar_one()
        reach("invoice:numbered")
        statements = []
        for number, (invoice, paid) in enumerate(mine, last - len(mine) + 1):
            invoice.number = number
            row = {column.name: getattr(invoice, column.name) for column in Invoice.__table__.columns}
            statements += [_insert(row), publication(events.invoice_event(invoice, paid, now=invoice.issued_at))]
        execute_directly(session, statements)
    waiting.clear()


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
