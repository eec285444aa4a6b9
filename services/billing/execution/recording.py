"""Recording what an operation came to, once, whoever learns it first: an executor or a notification."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.billing.actions.accounts import lock_for_outcome, settle_account
from services.billing.erasure import confirm_erasure
from services.billing.execution.outcomes import OUTCOMES
from services.billing.models.operations import OPEN, Operation
from services.billing.providers.port import Declined, Settled


def record_outcome(
    session: Session,
    *,
    publisher_id: str,
    customer_id: str,
    operation_id: str,
    outcome: Settled | Declined,
    now: datetime,
    fence: int | None = None,
) -> bool:
    """Do what an outcome does and close its operation; False, and nothing changes, if it is closed already.

    With ``fence``: only if nobody else has claimed the operation since.
    """
    account = lock_for_outcome(session, publisher_id, customer_id)
    operation = session.get_one(Operation, operation_id, with_for_update=True, populate_existing=True)
    if operation.status not in OPEN or fence not in (None, operation.fence):
        return False
    OUTCOMES[operation.kind](session, account, operation, outcome, now)
    operation.status = "succeeded" if isinstance(outcome, Settled) else "failed"
    operation.done_at, operation.last_problem = now, _why(outcome)
    settle_account(session, account, now=now)
    confirm_erasure(session, account, now=now)
    return True


def _why(outcome: Settled | Declined) -> str | None:
    return None if isinstance(outcome, Settled) else f"{outcome.code}: {outcome.message}"[:300]
