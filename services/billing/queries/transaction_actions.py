"""What can be done with a transaction, and what each would bring about: told before it is confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing import events
from services.billing.models.access import Access
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.money import Money
from services.billing.providers.port import Provider
from services.billing.queries.extensions import why_no_extension
from services.billing.queries.refunds import still_runs, why_no_cancel, why_no_refund
from services.billing.views.actions import consequence, possible_action


def transaction_actions(
    session: Session, transaction: Transaction, provider: Provider, *, now: datetime
) -> list[dict[str, Any]]:
    """Refunding, cancelling, extending access: each with its consequences, or why not."""
    left = Money(transaction.left_minor, transaction.currency)
    subscription = subscription_of(session, transaction)
    running = subscription if subscription is not None and subscription.is_running else None
    access = access_of_transaction(session, transaction)
    default = still_runs(transaction, now=now)
    ends = [*_access_ends(session, access), *_renewals_stop(session, running, now)]
    able = provider.capabilities
    pending = transaction.status == "pending"
    called_off = [consequence("charge_called_off", f"The payment of {left} is called off.", amount=left)]
    return [
        possible_action(
            "refund",
            why_no_refund(session, transaction, able, now=now),
            [_money_back(left), *ends],
            amount=left,
            partial_allowed=bool(able.partial_refund),
            defaults={"end_access": default, "stop_renewals": default and running is not None},
        ),
        possible_action(
            "cancel",
            why_no_cancel(session, transaction, able, now=now),
            [*called_off, *(_renewals_stop(session, running, now) if transaction.kind == "renewal" else [])]
            if pending
            else [_money_back(left), *({**each, "when": None} for each in _both(ends))],
            amount=None if pending else left,
        ),
        possible_action("extend_access", why_no_extension(access), _extension(session, access, running)),
    ]


def subscription_of(session: Session, transaction: Transaction) -> Subscription | None:
    """The subscription that a transaction is of."""
    return session.get(Subscription, transaction.subscription_id) if transaction.subscription_id else None


def access_of_transaction(session: Session, transaction: Transaction) -> Access | None:
    """The access that a transaction pays for: its own, or its subscription's."""
    mine = (
        Access.subscription_id == transaction.subscription_id
        if transaction.subscription_id is not None
        else Access.transaction_id == transaction.id
    )
    return session.scalars(select(Access).where(mine)).one_or_none()


def _money_back(amount: Money) -> dict[str, Any]:
    return consequence("money_back", f"{amount} is given back to the customer.", amount=amount)


def _access_ends(session: Session, access: Access | None) -> list[dict[str, Any]]:
    if access is None or access.ended_at is not None:
        return []
    name = events.offer_of(session, access.offer_id).name
    otherwise = f", instead of on {access.ends_at:%Y-%m-%d}" if access.ends_at is not None else ""
    text = f"Access to {name} ends as soon as the money is back{otherwise}."
    return [consequence("access_ends", text, when="end_access", subscription_id=access.subscription_id)]


def _renewals_stop(session: Session, running: Subscription | None, now: datetime) -> list[dict[str, Any]]:
    if running is None:
        return []
    name = events.offer_of(session, running.offer_id).name
    end = running.current_period_end
    stops = consequence(
        "renewals_stop",
        f"The subscription {name} stops: it runs until {end:%Y-%m-%d} and is not renewed, or ends now if access does.",
        when="stop_renewals",
        at=end if end > now else None,
        subscription_id=running.id,
    )
    if not running.renews or running.next_attempt_at is None:
        return [stops]
    price = Money(running.price_minor, running.currency)
    saved = consequence(
        "next_payment_cancelled",
        f"The next payment of {price} on {running.next_attempt_at:%Y-%m-%d} is not taken.",
        when="stop_renewals",
        amount=price,
        at=running.next_attempt_at,
        subscription_id=running.id,
    )
    return [stops, saved]


def _both(ends: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The consequences where access and renewals both end: the subscription ends at once."""
    text = "The subscription ends as soon as the money is back."
    return [
        {**each, "code": "subscription_ends", "text": text, "at": None} if each["code"] == "renewals_stop" else each
        for each in ends
    ]


def _extension(session: Session, access: Access | None, running: Subscription | None) -> list[dict[str, Any]]:
    if access is None:
        return []
    name = events.offer_of(session, access.offer_id).name
    if access.ended_at is not None:
        said = f"Access to {name}, which is over, begins again."
    elif access.ends_at is not None:
        said = f"Access to {name} lasts longer than {access.ends_at:%Y-%m-%d}."
    else:
        return []
    told = [consequence("access_extended", said, at=access.ends_at, subscription_id=access.subscription_id)]
    if running is not None and running.renews and running.next_attempt_at is not None:
        price = Money(running.price_minor, running.currency)
        text = f"The next payment of {price} is still taken on {running.next_attempt_at:%Y-%m-%d}."
        told.append(
            consequence(
                "next_payment_unchanged", text, amount=price, at=running.next_attempt_at, subscription_id=running.id
            )
        )
    return told
