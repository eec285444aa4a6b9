"""Which payment details pay for what, and what the deletion of some would mean."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing import events
from services.billing.errors import PaymentPending, ProviderRefusal
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import RENEWING, Subscription
from services.billing.models.transactions import Transaction
from services.billing.money import Money
from services.billing.providers.port import Capabilities
from services.billing.views.common import moment, money, offer_ref
from services.billing.views.payment_methods import is_expired


def method_to_charge(
    session: Session, subscription: Subscription, *, without: str | None = None, now: datetime
) -> PaymentMethod | None:
    """What pays for the subscription: its own details, else the customer's default ones; None: nothing can.

    Details that were declined for good are not charged again. A card past its date is only the last resort: banks let
    its successor be charged by it. ``without``: as if these details weren't there.
    """
    mine = select(PaymentMethod).where(
        PaymentMethod.publisher_id == subscription.publisher_id,
        PaymentMethod.customer_id == subscription.customer_id,
        PaymentMethod.status == "active",
        PaymentMethod.provider_reference.is_not(None),
    )
    own, spent = subscription.payment_method_id, (subscription.declined_method_id, without)
    candidates = [
        each
        for each in session.scalars(mine.order_by(PaymentMethod.id))
        if (each.id == own or each.is_default) and each.id not in spent
    ]
    return min(candidates, key=lambda each: (is_expired(each, now), each.id != own), default=None)


def may_delete(session: Session, method: PaymentMethod, capabilities: Capabilities) -> None:
    """Deleting payment details. Raises ProviderRefusal, PaymentPending."""
    if method.provider_reference is not None and not capabilities.detach:
        raise ProviderRefusal(capabilities.detach.code, capabilities.detach.reason)
    pending = select(Transaction.id).where(
        Transaction.publisher_id == method.publisher_id,
        Transaction.customer_id == method.customer_id,
        Transaction.status == "pending",
        Transaction.payment_method_id == method.id,
    )
    found = session.scalars(pending.order_by(Transaction.id).limit(1)).one_or_none()
    if found is not None:
        raise PaymentPending(found)


def relying_on(session: Session, method: PaymentMethod, *, now: datetime) -> list[dict[str, Any]]:
    """What happens if these details are deleted: which renewals fail or move, and whether others stay."""
    if method.status != "active":
        return []
    mine = select(Subscription).where(
        Subscription.publisher_id == method.publisher_id,
        Subscription.customer_id == method.customer_id,
        Subscription.channel == "web",
        Subscription.status.in_(RENEWING),
    )
    told = []
    for subscription in session.scalars(mine.order_by(Subscription.next_attempt_at, Subscription.id)):
        pays = method_to_charge(session, subscription, now=now)
        if pays is not None and pays.id == method.id:
            told.append(_renewal(session, subscription, method, now))
    return told + _rest(session, method)


def _renewal(session: Session, subscription: Subscription, method: PaymentMethod, now: datetime) -> dict[str, Any]:
    offer = events.offer_of(session, subscription.pending_offer_id or subscription.offer_id)
    instead = method_to_charge(session, subscription, without=method.id, now=now)
    amount, at = Money(subscription.coming_price_minor, subscription.currency), subscription.next_payment_at
    day = at.astimezone(ZoneInfo(subscription.time_zone)).date().isoformat() if at else ""
    if instead is None:
        code, text = (
            "renewal_without_method",
            f"{offer.name}: {amount} can't be charged on {day}; it is tried again, then the subscription expires.",
        )
    else:
        code, text = "renewal_moves", f"{offer.name}: {amount} is charged to the other payment details on {day}."
    return {
        "code": code,
        "text": text,
        "subscription_id": subscription.id,
        "offer": offer_ref(offer),
        "at": moment(at),
        "amount": money(amount.amount_minor, amount.currency),
        "payment_method_id": instead.id if instead else None,
    }


def _rest(session: Session, method: PaymentMethod) -> list[dict[str, Any]]:
    others = select(PaymentMethod.id).where(
        PaymentMethod.publisher_id == method.publisher_id,
        PaymentMethod.customer_id == method.customer_id,
        PaymentMethod.status == "active",
        PaymentMethod.id != method.id,
    )
    if session.scalars(others.limit(1)).one_or_none() is None:
        code, text = (
            "last_method",
            "The customer has no other payment details: nothing can be bought on the web until there are new ones.",
        )
    elif method.is_default:
        code, text = (
            "default_gone",
            "These are the default payment details; none of the others takes their place by itself.",
        )
    else:
        return []
    blank = dict.fromkeys(("subscription_id", "offer", "at", "amount", "payment_method_id"))
    return [{"code": code, "text": text, **blank}]
