"""What is given back when a subscription is ended at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.billing.errors import ProviderRefusal
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.providers.port import Capabilities
from services.billing.queries.proration import unused_share
from services.billing.queries.refunds import why_no_refund
from services.billing.queries.subscription_rules import last_payment
from services.billing.subscription_errors import NothingToRefund


def refundable(
    session: Session, subscription: Subscription, *, prorated: bool, now: datetime
) -> tuple[Transaction, int]:
    """The payment of the present period, and how much of it goes back. Raises NothingToRefund.

    ``prorated``: the share of the rest of the period, to the second; never more than is left.
    """
    paid = last_payment(session, subscription)
    if paid is None:
        raise NothingToRefund
    amount = (
        min(paid.left_minor, unused_share(subscription, paid.amount_minor, now=now)) if prorated else paid.left_minor
    )
    if amount <= 0:
        raise NothingToRefund
    return paid, amount


def require_refundable(
    session: Session, paid: Transaction, amount_minor: int, capabilities: Capabilities, *, now: datetime
) -> None:
    """Raise why so much of a payment can't be given back from here."""
    problem = why_no_refund(session, paid, capabilities, now=now)
    if problem is not None:
        raise problem
    if amount_minor < paid.amount_minor and not capabilities.partial_refund:
        raise ProviderRefusal(capabilities.partial_refund.code, capabilities.partial_refund.reason)
