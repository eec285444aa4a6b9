"""A provider tells of payment details: gone, or renewed by the card's network."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.accounts import lock_for_outcome, settle_account
from services.billing.models.payment_methods import PaymentMethod
from services.billing.notified.telling import Telling
from services.billing.providers.notifications import MethodDetached, MethodUpdated


def method_detached(session: Session, telling: Telling, fact: MethodDetached) -> None:
    """They can't be charged any more: somebody has deleted them at the provider."""
    for method in _on_file(session, telling, fact.payment_method):
        account = lock_for_outcome(session, telling.publisher_id, method.customer_id)
        session.refresh(method, with_for_update=True)
        if method.status == "active":
            method.status, method.detached_at, method.is_default = "detached", telling.at, False
            method.version += 1
            events.publish_method(session, events.METHOD_DETACHED, method, now=telling.now)
            settle_account(session, account, now=telling.now)


def method_updated(session: Session, telling: Telling, fact: MethodUpdated) -> None:
    """A new card in the place of the old one, under the same token."""
    told = (fact.brand, fact.last4, fact.expiry_month, fact.expiry_year)
    for method in _on_file(session, telling, fact.payment_method):
        account = lock_for_outcome(session, telling.publisher_id, method.customer_id)
        session.refresh(method, with_for_update=True)
        known = (method.brand, method.last4, method.expiry_month, method.expiry_year)
        if method.status == "active" and known != told:
            method.brand, method.last4, method.expiry_month, method.expiry_year = told
            method.version += 1
            events.publish_method(session, events.METHOD_CHANGED, method, now=telling.now)
            settle_account(session, account, now=telling.now)


def _on_file(session: Session, telling: Telling, reference: str) -> Iterator[PaymentMethod]:
    mine = select(PaymentMethod).where(
        PaymentMethod.publisher_id == telling.publisher_id,
        PaymentMethod.provider == telling.provider,
        PaymentMethod.provider_reference == reference,
    )
    yield from session.scalars(mine.order_by(PaymentMethod.customer_id, PaymentMethod.id)).all()
