"""Forgetting a customer: everything personal goes, amounts stay, and providers are asked to drop their tokens.

It is confirmed when no order to a provider is open any more: until then the orders need the tokens. What a provider
tells after that is forgotten as well.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import null, select, update
from sqlalchemy.orm import Session

from servicekit.kept_answers import forget_answers
from servicekit.outbox import forget_events
from servicekit.parking import forget_parked
from services.billing import events
from services.billing.actions.accounts import lock_for_outcome, settle_account
from services.billing.actions.closing import end_everything
from services.billing.actions.people import forget_customer
from services.billing.imports.forgetting import forget_in_imports
from services.billing.intents import intend
from services.billing.models.access import AccessExtension
from services.billing.models.accounts import Account
from services.billing.models.operations import OPEN, Operation
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.people import KnownCustomer
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Refund, Transaction
from services.billing.providers.orders import DetachOrder

ERASER = "erasure"
"""Who asked for what is done at providers because a customer was erased."""
_PERSONAL: tuple[Any, ...] = (PaymentMethod, Subscription, Transaction, Refund, AccessExtension, Account)


def erase_customer(session: Session, *, publisher_id: str, customer_id: str, version: int, now: datetime) -> None:
    """Take out everything personal of a customer. Doing it again changes nothing."""
    account = lock_for_outcome(session, publisher_id, customer_id)
    known = session.get(KnownCustomer, customer_id, with_for_update=True, populate_existing=True)
    if known is not None and known.erased:
        return
    end_everything(session, account, now=now)
    _drop_tokens(session, account, now)
    forget_in_imports(session, publisher_id=publisher_id, customer_id=customer_id)
    forget_customer(session, publisher_id=publisher_id, customer_id=customer_id, version=version)
    mine: dict[str, str] = {"publisher_id": publisher_id, "datasubject": customer_id}
    session.flush()
    forget_events(session, **mine, types={kind.name: kind for kind in events.PUBLISHED})
    forget_answers(session, **mine)
    forget_parked(session, **mine)
    _blank(session, account)
    account.status, account.closed_at = "closed", account.closed_at or now
    settle_account(session, account, now=now, kind=events.ACCOUNT_CLOSED)
    confirm_erasure(session, account, now=now)


def confirm_erasure(session: Session, account: Account, *, now: datetime) -> None:
    """Say that nothing personal of an erased customer is left, once no order to a provider needs it any more.

    To be called after each outcome of an operation, also one that comes after all; it does nothing for anybody else.
    What came after it was said goes, too; it is said once.
    """
    known = session.get(KnownCustomer, account.customer_id, with_for_update=True, populate_existing=True)
    if known is None or not known.erased:
        return
    session.flush()
    is_open = select(Operation.id).where(
        Operation.publisher_id == account.publisher_id,
        Operation.customer_id == account.customer_id,
        Operation.status.in_(OPEN),
    )
    if session.scalars(is_open.limit(1)).first() is not None:
        return
    _blank(session, account)
    session.execute(
        update(Operation)
        .where(Operation.publisher_id == account.publisher_id, Operation.customer_id == account.customer_id)
        .values(request={})
    )
    if known.confirmed_at is not None:
        return
    known.confirmed_at = now
    account.version += 1
    events.publish_erased(session, account, now=now)


def _drop_tokens(session: Session, account: Account, now: datetime) -> None:
    """Have the provider forget each payment method; here it is deleted at once."""
    on_file = select(PaymentMethod).where(
        PaymentMethod.publisher_id == account.publisher_id,
        PaymentMethod.customer_id == account.customer_id,
        PaymentMethod.status == "active",
    )
    for method in session.scalars(on_file.with_for_update()).all():
        reference = method.provider_reference
        method.status, method.detached_at, method.is_default = "detached", now, False
        method.version += 1
        if reference is not None:
            intend(
                session,
                publisher_id=account.publisher_id,
                customer_id=account.customer_id,
                provider=method.provider,
                subject_id=method.id,
                order=lambda key, token=reference: DetachOrder(key=key, payment_method=token),  # type: ignore[misc]
                requested_by=ERASER,
                now=now,
            )
        events.publish_method(session, events.METHOD_DETACHED, method, now=now)


def _blank(session: Session, account: Account) -> None:
    session.flush()
    for model in _PERSONAL:
        columns = [column for column in model.__table__.columns if column.info["personal"] == "erase"]
        mine = (model.publisher_id == account.publisher_id, model.customer_id == account.customer_id)
        session.execute(update(model).where(*mine).values({column.name: null() for column in columns}))
    session.expire_all()
