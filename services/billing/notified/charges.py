"""A provider tells what became of a charge of ours."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing.actions.accounts import lock_for_outcome, settle_account
from services.billing.actions.transactions import settle_transaction
from services.billing.erasure import confirm_erasure
from services.billing.execution.recording import record_outcome
from services.billing.models.operations import AMOUNT_DIFFERS, CALLED_OFF, OPEN, Operation
from services.billing.models.transactions import Transaction
from services.billing.money import Money
from services.billing.notified.telling import Telling
from services.billing.providers.notifications import ChargeFailed, ChargeSettled
from services.billing.providers.port import Declined, Settled

_log = structlog.get_logger("notifications")
# One that is longer in doubt waits for somebody to look at it, and not for a notification.
_LONGEST_DOUBT = timedelta(days=1)


def charge_settled(session: Session, telling: Telling, fact: ChargeSettled) -> None:
    """The money is there. A charge of others at the same account is none of ours."""
    operation = operation_of(session, telling, fact.key, "charge")
    if operation is None:
        return
    transaction = session.get_one(Transaction, operation.subject_id)
    ordered = Money(transaction.amount_minor, transaction.currency)
    if fact.amount != ordered:
        _doubt(session, telling, operation, f"{fact.amount} were taken, as the provider told, and {ordered} ordered.")
        return
    outcome = Settled(reference=fact.reference, at=telling.at)
    if not _record(session, telling, operation, outcome):
        _settle_after_all(session, telling, operation, outcome)


def charge_failed(session: Session, telling: Telling, fact: ChargeFailed) -> None:
    """The money doesn't come. Told after it came, it is late and changes nothing."""
    operation = operation_of(session, telling, fact.key, "charge")
    if operation is not None:
        outcome = Declined(code=fact.code, message=fact.message, reference=fact.reference)
        _record(session, telling, operation, outcome)


def operation_of(session: Session, telling: Telling, key: str | None, kind: str) -> Operation | None:
    """Our order with this key, if it is one of this publisher's and this provider's."""
    if key is None:
        return None
    found = session.get(Operation, key)
    ours = found is not None and (found.publisher_id, found.provider, found.kind) == (
        telling.publisher_id,
        telling.provider,
        kind,
    )
    return found if ours else None


def is_a_charge_in_doubt(session: Session, telling: Telling) -> bool:
    """Whether this provider may have charged something lately whose reference isn't known here yet."""
    doubtful = select(Operation.id).where(
        Operation.publisher_id == telling.publisher_id,
        Operation.provider == telling.provider,
        Operation.kind == "charge",
        Operation.status.in_(("pending", "in_doubt", "processing")),
        Operation.first_called_at > telling.now - _LONGEST_DOUBT,
    )
    return session.scalars(doubtful.limit(1)).one_or_none() is not None


def _doubt(session: Session, telling: Telling, operation: Operation, problem: str) -> None:
    """Believe neither what was ordered nor what is told: the provider is asked, and whoever looks sees why.

    Of an order that is closed nothing changes.
    """
    lock_for_outcome(session, telling.publisher_id, operation.customer_id)
    session.refresh(operation, with_for_update=True)
    _log.error("a charge was settled with another amount", operation_id=operation.id)
    if operation.status in OPEN:
        operation.status, operation.next_attempt_at = "in_doubt", telling.now
        operation.last_problem = f"{AMOUNT_DIFFERS}: {problem}"


def _record(session: Session, telling: Telling, operation: Operation, outcome: Settled | Declined) -> bool:
    return record_outcome(
        session,
        publisher_id=telling.publisher_id,
        customer_id=operation.customer_id,
        operation_id=operation.id,
        outcome=outcome,
        now=telling.now,
    )


def _settle_after_all(session: Session, telling: Telling, operation: Operation, outcome: Settled) -> None:
    """What was taken for failed or was called off is paid all the same: money that came in is never left out."""
    account = lock_for_outcome(session, telling.publisher_id, operation.customer_id)
    transaction = session.get_one(Transaction, operation.subject_id, with_for_update=True, populate_existing=True)
    called_off = operation.status == CALLED_OFF and transaction.status == "pending"
    if transaction.status not in ("failed", "cancelled") and not called_off:
        return
    operation.status = "succeeded"
    settle_transaction(session, account, transaction, reference=outcome.reference, at=telling.at, now=telling.now)
    settle_account(session, account, now=telling.now)
    confirm_erasure(session, account, now=telling.now)
