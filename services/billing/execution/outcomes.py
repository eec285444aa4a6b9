"""What an operation's outcome does, by kind. Each runs under the customer's account, once for each operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from services.billing.actions.transactions import fail_transaction, settle_transaction
from services.billing.models.accounts import Account
from services.billing.models.operations import Operation
from services.billing.models.transactions import Transaction
from services.billing.providers.port import Declined, Settled

Record = Callable[[Session, Account, Operation, Settled | Declined, datetime], None]


def charged(
    session: Session, account: Account, operation: Operation, outcome: Settled | Declined, now: datetime
) -> None:
    """A charge went through, or didn't."""
    transaction = session.get_one(Transaction, operation.subject_id, with_for_update=True, populate_existing=True)
    if isinstance(outcome, Settled):
        settle_transaction(session, account, transaction, reference=outcome.reference, at=outcome.at or now, now=now)
    else:
        failure = {"code": outcome.code, "message": outcome.message}
        fail_transaction(session, transaction, failure=failure, at=now, now=now)


OUTCOMES: Mapping[str, Record] = {
    "charge": charged,
}
