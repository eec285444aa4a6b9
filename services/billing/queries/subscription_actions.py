"""What can be done with a subscription, and what each would bring about: told before it is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from servicekit.errors import Problem
from services.billing import events
from services.billing.errors import NoPaymentMethod
from services.billing.models.offers import Offer
from services.billing.models.subscriptions import Subscription
from services.billing.money import Money
from services.billing.providers.port import Capabilities
from services.billing.queries.giving_back import refundable, require_refundable
from services.billing.queries.methods import method_to_charge
from services.billing.queries.proration import CreditTooLarge, Proration, prorate
from services.billing.queries.subscription_rules import (
    may_cancel,
    may_cancel_now,
    may_resume,
    may_switch,
    may_switch_to,
    may_undo_switch,
    pending_payment,
)
from services.billing.subscription_errors import SwitchOnlyAtPeriodEnd
from services.billing.views.actions import consequence, possible_action


def subscription_actions(
    session: Session, subscription: Subscription, offer: Offer | None, capabilities: Capabilities, *, now: datetime
) -> list[dict[str, Any]]:
    """Cancelling, resuming, switching (to ``offer``): each with its consequences, or why not."""
    name = events.offer_of(session, subscription.offer_id).name
    return [
        _action(
            "cancel", lambda: may_cancel(session, subscription, capabilities), _cancels(session, subscription, now)
        ),
        _action(
            "cancel_now",
            lambda: may_cancel_now(session, subscription),
            [
                consequence("access_ends", f"Access to {name} ends now.", at=now),
                *_next_payment(subscription),
                *_money_back(session, subscription, capabilities, now),
            ],
        ),
        _action("resume", lambda: may_resume(subscription, now=now), _resumes(subscription)),
        _at_period_end(session, subscription, offer),
        _now(session, subscription, offer, now),
        _action("undo_switch", lambda: may_undo_switch(subscription), _resumes(subscription, kept=name)),
    ]


def _action(
    name: str, rule: Callable[[], object], consequences: Sequence[dict[str, Any]], amount: Money | None = None
) -> dict[str, Any]:
    refusal = _refusal(rule)
    return possible_action(name, refusal, consequences, amount=amount)


def _refusal(rule: Callable[[], object]) -> Problem | None:
    try:
        rule()
    except Problem as problem:
        return problem
    return None


def _cancels(session: Session, subscription: Subscription, now: datetime) -> list[dict[str, Any]]:
    ends = subscription.current_period_end
    if not subscription.is_charged_here:
        return [
            consequence("store_cancels", "The store is told to cancel; it says when it has.", at=ends),
            consequence("access_until", "Access stays until the period ends.", at=ends),
        ]
    if pending_payment(session, subscription.id) is not None:
        text = "A payment is under way: if it comes, access stays until the end of the period that it pays for."
        return [consequence("payment_under_way", text, at=ends if ends > now else None)]
    if ends <= now:
        return [
            consequence("ends_at_once", "Its period is over, so it ends now, and access with it.", at=now),
            consequence("retries_stop", "The payment that failed is not tried again."),
        ]
    told = [
        consequence("access_until", "Access stays until the period ends. Until then it can be undone.", at=ends),
        consequence("renewals_stop", "It is not renewed.", at=ends),
        *_next_payment(subscription),
    ]
    if subscription.pending_offer_id is not None:
        told.append(consequence("switch_dropped", "The change to another offer does not happen."))
    return told


def _next_payment(subscription: Subscription) -> list[dict[str, Any]]:
    at = subscription.next_payment_at
    if at is None:
        return []
    price = _coming_price(subscription)
    return [consequence("next_payment_cancelled", f"The next payment of {price} is not taken.", at=at, amount=price)]


def _money_back(
    session: Session, subscription: Subscription, capabilities: Capabilities, now: datetime
) -> list[dict[str, Any]]:
    told = [consequence("no_money_back", "No money is given back.", when="refund_none")]
    for choice, words in (("full", "is given back."), ("prorated", "is given back for the unused time.")):
        try:
            paid, amount = refundable(session, subscription, prorated=choice == "prorated", now=now)
            require_refundable(session, paid, amount, capabilities, now=now)
        except Problem:
            continue
        money = Money(amount, paid.currency)
        told.append(consequence("money_back", f"{money} {words}", when=f"refund_{choice}", amount=money))
    return told


def _resumes(subscription: Subscription, kept: str | None = None) -> list[dict[str, Any]]:
    price, at = Money(subscription.price_minor, subscription.currency), subscription.current_period_end
    text = f"It renews with {kept} for {price}." if kept else f"It is renewed for {price}."
    return [consequence("renews", text, at=at, amount=price)]


def _at_period_end(session: Session, subscription: Subscription, offer: Offer | None) -> dict[str, Any]:
    if offer is None:
        return _action("switch_at_period_end", lambda: may_switch(session, subscription), [])

    def rule() -> None:
        may_switch(session, subscription)
        may_switch_to(session, subscription, offer, at_once=False)

    price, at = Money(offer.price_minor, offer.currency), subscription.current_period_end
    told = [
        consequence("access_until", "Until the period ends nothing changes.", at=at),
        consequence("new_price", f"Then it is renewed with {offer.name} for {price}.", at=at, amount=price),
    ]
    return _action("switch_at_period_end", rule, told)


def _now(session: Session, subscription: Subscription, offer: Offer | None, now: datetime) -> dict[str, Any]:
    if offer is None:
        return _action("switch_now", lambda: may_switch(session, subscription), [])
    in_trial = subscription.status == "trialing"
    prorated: Proration | None = None

    def rule() -> None:
        nonlocal prorated
        may_switch(session, subscription)
        may_switch_to(session, subscription, offer, at_once=True)
        if in_trial:
            return
        try:
            prorated = prorate(session, subscription, offer, now=now)
        except CreditTooLarge:
            raise SwitchOnlyAtPeriodEnd from None
        if prorated.due_minor > 0 and method_to_charge(session, subscription, now=now) is None:
            raise NoPaymentMethod

    refusal = _refusal(rule)
    due = Money(prorated.due_minor, offer.currency) if prorated else None
    return possible_action("switch_now", refusal, _switches(subscription, offer, prorated), amount=due)


def _switches(subscription: Subscription, offer: Offer, prorated: Proration | None) -> list[dict[str, Any]]:
    price = Money(offer.price_minor, offer.currency)
    if prorated is None:
        at = subscription.current_period_end
        return [
            consequence("trial_goes_on", f"The trial goes on with {offer.name}.", at=at),
            consequence("new_price", f"Then it is charged {price} for each period.", at=at, amount=price),
        ]
    credit, due = Money(prorated.credit_minor, offer.currency), Money(prorated.due_minor, offer.currency)
    longer = " The credit beyond the price makes it longer." if prorated.lengthened else ""
    return [
        consequence("credited", f"{credit} are credited for the unused time.", amount=credit),
        consequence("charged_now", f"{due} are charged now.", amount=due)
        if due.amount_minor
        else consequence("nothing_charged", "Nothing is charged now, and nothing given back."),
        consequence("new_period", f"A new period begins now.{longer}", at=prorated.ends_at),
        consequence("new_price", f"Then it is renewed for {price}.", at=prorated.ends_at, amount=price),
    ]


def _coming_price(subscription: Subscription) -> Money:
    return Money(subscription.coming_price_minor, subscription.currency)
