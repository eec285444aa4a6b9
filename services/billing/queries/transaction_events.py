"""What happened to a transaction, told by what is kept of it: complete however old it is, unlike the event log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit.web.cursors import decode_cursor, encode_cursor
from services.billing.models.access import AccessExtension
from services.billing.models.invoices import Invoice
from services.billing.models.transactions import SETTLED, Refund, Transaction
from services.billing.queries.operations import operation_for
from services.billing.queries.transaction_actions import access_of_transaction
from services.billing.queries.transactions import refunds_of
from services.billing.views.common import money
from services.billing.views.transaction_events import HAPPENINGS, happening


def list_happenings(session: Session, transaction: Transaction, *, cursor: str | None, limit: int) -> dict[str, Any]:
    """A page of what happened, oldest first. Raises InvalidCursor."""
    kind = f"transaction_events:{transaction.id}"
    told = sorted(_all(session, transaction), key=_place)
    if cursor is not None:
        after = tuple(decode_cursor(kind, cursor, str, int, str))
        told = [each for each in told if _place(each) > after]
    more = len(told) > limit
    return {"items": told[:limit], "next_cursor": encode_cursor(kind, *_place(told[limit - 1])) if more else None}


def _place(told: dict[str, Any]) -> tuple[str, int, str]:
    return told["at"], HAPPENINGS.index(told["type"]), told["id"]


def _all(session: Session, transaction: Transaction) -> Iterator[dict[str, Any]]:
    yield from _of_payment(session, transaction)
    for refund in refunds_of(session, transaction.id):
        yield from _of_refund(refund)
    for invoice in session.scalars(select(Invoice).where(Invoice.transaction_id == transaction.id)):
        yield happening(
            f"{invoice.kind}_issued",
            invoice.issued_at,
            invoice.id,
            amount=money(invoice.total_minor, invoice.currency),
            refund_id=invoice.refund_id,
            invoice_id=invoice.id,
        )
    access = access_of_transaction(session, transaction)
    if access is not None:
        mine = AccessExtension.access_id == access.id
        for extension in session.scalars(select(AccessExtension).where(mine)):
            yield happening(
                "access_extended",
                extension.extended_at,
                extension.id,
                actor_id=extension.extended_by,
                access_until=extension.ends_at,
            )


def _of_payment(session: Session, transaction: Transaction) -> Iterator[dict[str, Any]]:
    charge = operation_for(session, transaction.id, "charge")
    void = operation_for(session, transaction.id, "void")
    amount = money(transaction.amount_minor, transaction.currency)
    begun = "imported" if transaction.origin == "import" else "created"
    actor = charge.requested_by if charge else None
    yield happening(begun, transaction.created_at, transaction.id, actor_id=actor, amount=amount)
    if transaction.settled_at is None:
        return
    if transaction.status in SETTLED:
        yield happening("succeeded", transaction.settled_at, transaction.id, amount=amount)
    elif transaction.status == "failed":
        yield happening("failed", transaction.settled_at, transaction.id, failure=transaction.failure)
    elif transaction.status == "cancelled":
        actor = void.requested_by if void else None
        yield happening("cancelled", transaction.settled_at, transaction.id, actor_id=actor)


def _of_refund(refund: Refund) -> Iterator[dict[str, Any]]:
    amount = money(refund.amount_minor, refund.currency)
    yield happening(
        "refund_requested",
        refund.requested_at,
        refund.id,
        actor_id=refund.requested_by,
        amount=amount,
        refund_id=refund.id,
    )
    if refund.settled_at is not None:
        kind = "refunded" if refund.status == "succeeded" else "refund_failed"
        yield happening(kind, refund.settled_at, refund.id, amount=amount, refund_id=refund.id, failure=refund.failure)
