"""What is being done at payment providers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.models.operations import OPEN, Operation
from services.billing.models.transactions import Refund


def operation_for(session: Session, subject_id: str, kind: str) -> Operation | None:
    """The newest operation of this kind about a transaction or a refund."""
    statement = (
        select(Operation)
        .where(Operation.subject_id == subject_id, Operation.kind == kind)
        .order_by(Operation.id.desc())
        .limit(1)
    )
    return session.scalars(statement, execution_options={"populate_existing": True}).one_or_none()


def open_operations(session: Session, subject_ids: Iterable[str]) -> dict[str, Operation]:
    """By what they are about: the newest operations whose outcome isn't known yet."""
    statement = (
        select(Operation)
        .where(Operation.subject_id.in_(sorted(set(subject_ids))), Operation.status.in_(OPEN))
        .order_by(Operation.id)
    )
    found = session.scalars(statement, execution_options={"populate_existing": True})
    return {operation.subject_id: operation for operation in found}


def asked_to_call_off(session: Session, transaction_id: str) -> Operation | None:
    """The order to call a transaction's charge off, unless the provider refused it."""
    void = operation_for(session, transaction_id, "void")
    return void if void is not None and (void.status in OPEN or void.status == "succeeded") else None


def open_refunds(session: Session, transaction_id: str) -> Sequence[Operation]:
    """The orders to give money of a transaction back whose outcome isn't known yet, oldest first."""
    statement = (
        select(Operation)
        .join(Refund, Refund.id == Operation.subject_id)
        .where(Refund.transaction_id == transaction_id, Operation.kind == "refund", Operation.status.in_(OPEN))
        .order_by(Operation.id)
    )
    return session.scalars(statement).all()
