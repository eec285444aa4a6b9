"""Lists of offers, payment details, subscriptions, access and invoices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing import events
from services.billing.models.access import Access
from services.billing.models.invoices import Invoice
from services.billing.models.offers import Offer
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import Subscription
from services.billing.queries.paging import page_by_id
from services.billing.views.access import access_state
from services.billing.views.invoices import invoice_state
from services.billing.views.offers import offer_state
from services.billing.views.payment_methods import payment_method_state


def list_offers(
    session: Session, *, publisher_id: str, cursor: str | None, limit: int, status: str | None, external_id: str | None
) -> dict[str, Any]:
    """A page of offers. Raises InvalidCursor."""
    statement = select(Offer).where(Offer.publisher_id == publisher_id)
    if status is not None:
        statement = statement.where(Offer.status == status)
    if external_id is not None:
        statement = statement.where(Offer.external_id == external_id)
    return page_by_id(session, statement, kind="offers", model=Offer, cursor=cursor, limit=limit, present=offer_state)


def list_payment_methods(
    session: Session, *, publisher_id: str, customer_id: str, cursor: str | None, limit: int, now: datetime
) -> dict[str, Any]:
    """A page of a customer's payment details that are on file. Raises InvalidCursor."""
    statement = _of(PaymentMethod, publisher_id, customer_id).where(PaymentMethod.status != "detached")
    return page_by_id(
        session, statement, kind=f"methods:{customer_id}", model=PaymentMethod, cursor=cursor, limit=limit,
        present=lambda row: payment_method_state(row, now=now),
    )  # fmt: skip


def list_subscriptions(
    session: Session, *, publisher_id: str, customer_id: str, cursor: str | None, limit: int
) -> dict[str, Any]:
    """A page of a customer's subscriptions, ended ones too. Raises InvalidCursor."""
    return page_by_id(
        session, _of(Subscription, publisher_id, customer_id), kind=f"subscriptions:{customer_id}",
        model=Subscription, cursor=cursor, limit=limit, present=lambda row: events.subscription_told(session, row),
        offers_in=lambda row: (row.offer_id, row.pending_offer_id),
    )  # fmt: skip


def list_access(
    session: Session, *, publisher_id: str, customer_id: str, cursor: str | None, limit: int
) -> dict[str, Any]:
    """A page of what a customer may use, or might. Raises InvalidCursor."""
    return page_by_id(
        session, _of(Access, publisher_id, customer_id), kind=f"access:{customer_id}", model=Access, cursor=cursor,
        limit=limit, present=lambda row: access_state(row, events.offer_of(session, row.offer_id)),
        offers_in=lambda row: (row.offer_id,),
    )  # fmt: skip


def list_invoices(
    session: Session, *, publisher_id: str, customer_id: str, cursor: str | None, limit: int
) -> dict[str, Any]:
    """A page of a customer's invoices. Raises InvalidCursor."""
    return page_by_id(
        session, _of(Invoice, publisher_id, customer_id), kind=f"invoices:{customer_id}", model=Invoice,
        cursor=cursor, limit=limit, present=invoice_state,
    )  # fmt: skip


def _of(model: Any, publisher_id: str, customer_id: str) -> Any:
    return select(model).where(model.publisher_id == publisher_id, model.customer_id == customer_id)
