"""Forgetting a customer: everything personal goes, amounts stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import null, update
from sqlalchemy.orm import Session

from servicekit.kept_answers import forget_answers
from servicekit.outbox import forget_events
from servicekit.parking import forget_parked
from services.billing import events
from services.billing.actions.accounts import lock_for_outcome
from services.billing.actions.people import forget_customer
from services.billing.imports.forgetting import forget_in_imports
from services.billing.models.access import AccessExtension
from services.billing.models.accounts import Account
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Refund, Transaction

_PERSONAL: tuple[Any, ...] = (PaymentMethod, Subscription, Transaction, Refund, AccessExtension, Account)


def erase_customer(session: Session, *, publisher_id: str, customer_id: str, version: int, now: datetime) -> None:
    """Take out everything personal of a customer and say that it is done. Doing it again changes nothing."""
    account = lock_for_outcome(session, publisher_id, customer_id)
    for model in _PERSONAL:
        columns = [column for column in model.__table__.columns if column.info["personal"] == "erase"]
        values = {column.name: null() for column in columns}
        session.execute(
            update(model).where(model.publisher_id == publisher_id, model.customer_id == customer_id).values(values)
        )
    forget_in_imports(session, publisher_id=publisher_id, customer_id=customer_id)
    forget_customer(session, publisher_id=publisher_id, customer_id=customer_id, version=version)
    mine: dict[str, str] = {"publisher_id": publisher_id, "datasubject": customer_id}
    forget_events(session, **mine, types={kind.name: kind for kind in events.PUBLISHED})
    forget_answers(session, **mine)
    forget_parked(session, **mine)
    session.refresh(account)
    account.status, account.closed_at = "closed", account.closed_at or now
    account.version += 1
    events.publish_account(session, account, now=now, kind=events.ACCOUNT_CLOSED)
    events.publish_erased(session, account, now=now)
