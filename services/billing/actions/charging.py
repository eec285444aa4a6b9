"""Charging for a subscription: which payment details, and the transaction with its order to the provider."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.transactions import begin_transaction
from services.billing.intents import intend
from services.billing.models.accounts import Account
from services.billing.models.offers import Offer
from services.billing.models.operations import Operation
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.money import Money
from services.billing.providers.orders import Charge
from services.billing.views.payment_methods import method_ref

SCHEDULER = "system"
"""Who asks for what nobody asked for: the schedule."""


def begin_charge(
    session: Session, account: Account, subscription: Subscription, offer: Offer, method: PaymentMethod | None, *,
    kind: str, amount_minor: int, now: datetime, **more: Any,
) -> Transaction:  # fmt: skip
    """The transaction of a charge for a subscription; ``more`` are further columns."""
    return begin_transaction(
        session, account, offer, kind=kind, subscription_id=subscription.id, amount_minor=amount_minor,
        currency=subscription.currency, channel="web", provider=method.provider if method else subscription.provider,
        payment_method_id=method.id if method else None, payment_method=method_ref(method) if method else None,
        now=now, **more,
    )  # fmt: skip


def intend_charge(
    session: Session, transaction: Transaction, method: PaymentMethod, *, requested_by: str, now: datetime
) -> Operation:
    """Have the transaction's amount taken from these payment details, once."""
    reference = method.provider_reference or ""
    description = events.offer_of(session, transaction.offer_id).name[:200]

    def order(key: str) -> Charge:
        return Charge(
            key=key,
            amount=Money(transaction.amount_minor, transaction.currency),
            payment_method=reference,
            provider_customer=method.provider_customer,
            customer_id=transaction.customer_id,
            description=description,
        )

    return intend(
        session,
        publisher_id=transaction.publisher_id,
        customer_id=transaction.customer_id,
        provider=transaction.provider,
        subject_id=transaction.id,
        order=order,
        requested_by=requested_by,
        now=now,
    )
