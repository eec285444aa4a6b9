"""Which mails billing's events call for: from an event to orders, and to what is to be written later.

In-app purchases call for none: their stores write themselves. What happened elsewhere and was imported calls for none
either; what happens here to something imported (its refund, a subscription's next renewal) does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from servicekit.clock import rfc3339
from servicekit.events import Event
from services.notifications import invoicing, things
from services.notifications.mailing import Order

Facts = dict[str, Any]


def orders_of(session: Session, event: Event) -> list[Order]:
    """The mails that an event calls for, by the state of things before it. None for a type that calls for none."""
    call = _CALLS.get(event.type)
    if call is None or event.datasubject is None:
        return []
    return [
        Order(
            kind,
            event.datasubject,
            event.id,
            {name: value for name, value in facts.items() if value is not None},
            transaction_id=event.data.get("transaction_id") or _id_of(event.subject, "txn_"),
            subscription_id=event.data.get("subscription_id") or _id_of(event.subject, "sub_"),
            invoice_number=facts.get("invoice_number"),
        )
        for kind, facts in call(session, event)
    ]


Calls = list[tuple[str, Facts]]
Call = Callable[[Session, Event], Calls]


def _paid(session: Session, event: Event) -> Calls:  # noqa: ARG001 - as the others are called
    data, facts = event.data, _payment(event.data)
    if _is_silent(data) or not data["amount"]["amount_minor"]:
        return []
    calls = [("receipt", facts)]
    if data.get("kind") == "purchase":
        calls.insert(0, ("access_purchased", {**facts, "access_until": data.get("period_end")}))
    return calls


def _not_paid(session: Session, event: Event) -> Calls:  # noqa: ARG001 - as the others are called
    data = event.data
    # The first failure of a renewal makes a subscription past due, which is told of by itself.
    first_of_renewal = data.get("kind") == "renewal" and (data.get("attempt") or 1) <= 1
    if _is_silent(data) or first_of_renewal:
        return []
    failure = data.get("failure") or {}
    return [("failed_payment", {**_payment(data), "reason": failure.get("message")})]


def _refunded(session: Session, event: Event) -> Calls:  # noqa: ARG001 - as the others are called
    data, refund = event.data, event.data.get("refund") or {}
    if things.is_in_app(data) or not refund:
        return []
    facts = {**_payment(data), "amount": refund["amount"], "tax": None, "date": refund.get("settled_at")}
    return [("refund_confirmation", facts)]


def _renewed(session: Session, event: Event) -> Calls:
    return _of_subscription("subscription_renewed", session, event)


def _past_due(session: Session, event: Event) -> Calls:
    return _of_subscription("payment_reminder", session, event)


def _stopped(session: Session, event: Event) -> Calls:
    return _of_subscription("subscription_stopped", session, event)


def _expired(session: Session, event: Event) -> Calls:
    """One that was cancelled has been told of; one that ended because it wasn't paid hasn't."""
    if event.data.get("ended_reason") == "cancelled":
        return []
    return _of_subscription("subscription_stopped", session, event, access_until=event.data.get("ended_at"))


def _switched(session: Session, event: Event) -> Calls:
    before = things.known(session, event.publisher_id, event.subject)
    previous = _name(before.get("offer")) if before.get("offer") != event.data.get("offer") else None
    return _of_subscription("subscription_switched", session, event, previous_offer=previous, access_until=None)


def _access_expired(session: Session, event: Event) -> Calls:
    data = event.data
    source = things.known(session, event.publisher_id, data.get("subscription_id") or data.get("transaction_id"))
    if things.is_in_app(source):
        return []
    return [("access_expired", {"offer": _name(data.get("offer")), "access_until": data.get("ends_at")})]


def _invoiced(session: Session, event: Event) -> Calls:
    data = event.data
    # Invoices of former versions don't say where their transaction came from, which may be told of later.
    paid = data if "origin" in data else things.known(session, event.publisher_id, data.get("transaction_id"))
    if data.get("kind") != "invoice" or _is_silent(paid):
        return []
    buyer = data.get("buyer") or {}
    address = buyer.get("address") or {}
    place = " ".join(part for part in (address.get("postal_code"), address.get("city")) if part)
    lines = (buyer.get("name"), buyer.get("company"), address.get("line1"), address.get("line2"), place)
    total, tax = data["total"], data["tax"]
    net = {"amount_minor": total["amount_minor"] - tax["amount_minor"], "currency": total["currency"]}
    rates = {line.get("tax_percent") for line in data.get("lines") or [] if line.get("tax_percent")}
    rate = f"{next(iter(rates))} %" if len(rates) == 1 else None
    facts = {
        "invoice_number": data["number"],
        "date": data["issued_at"],
        "amount": total,
        "lines": [
            {"description": line["description"], "quantity": line["quantity"], "amount": line["amount"]}
            for line in data.get("lines") or []
        ],
        "totals": [
            {"name": "net", "amount": net},
            {"name": "tax", "rate": rate, "amount": tax},
            {"name": "total", "amount": total},
        ],
        "buyer": [line for line in (*lines, address.get("state"), address.get("country")) if line],
        # All of it, for the file that goes with the mail.
        "invoice": {name: data.get(name) for name in invoicing.TOLD},
    }
    return [("invoice", facts)]


_CALLS: Mapping[str, Call] = {
    "billing.transaction.succeeded.v1": _paid,
    "billing.transaction.failed.v1": _not_paid,
    "billing.transaction.refunded.v1": _refunded,
    "billing.subscription.renewed.v1": _renewed,
    "billing.subscription.past_due.v1": _past_due,
    "billing.subscription.cancelled.v1": _stopped,
    "billing.subscription.expired.v1": _expired,
    "billing.subscription.switched.v1": _switched,
    "billing.access.expired.v1": _access_expired,
    "billing.invoice.issued.v1": _invoiced,
}


def subscription_facts(session: Session, publisher_id: str, data: Mapping[str, Any]) -> Facts:
    """What mails about a subscription say of it."""
    method = things.known(session, publisher_id, data.get("payment_method_id"))
    retry = data.get("retry") or {}
    return {
        "offer": _name(data.get("offer")),
        "amount": data.get("price"),
        "access_until": data.get("current_period_end"),
        "next_payment_date": data.get("next_payment_at"),
        "retry_date": retry.get("at"),
        "payment_method": _method(method) if method else None,
    }


def _of_subscription(kind: str, session: Session, event: Event, **more: Any) -> Calls:
    if things.is_in_app(event.data):
        return []
    facts = {**subscription_facts(session, event.publisher_id, event.data), "date": rfc3339(event.time), **more}
    return [(kind, facts)]


def _payment(data: Mapping[str, Any]) -> Facts:
    method = data.get("payment_method")
    return {
        "offer": _name(data.get("offer")),
        "amount": data.get("amount"),
        "tax": data.get("tax") if (data.get("tax") or {}).get("amount_minor") else None,
        "date": data.get("settled_at") or data.get("created_at"),
        "order_number": data.get("external_order_id"),
        "transaction_id": data.get("id"),
        "payment_method": _method(method) if method and method.get("kind") is not None else None,
    }


def _is_silent(data: Mapping[str, Any]) -> bool:
    """Whether a transaction is none that we write about: a store does, or it happened elsewhere, in the past."""
    return things.is_in_app(data) or data.get("origin") == "import"


def _method(method: Mapping[str, Any]) -> Facts:
    return {name: method.get(name) for name in ("kind", "brand", "last4")}


def _name(offer: Mapping[str, Any] | None) -> str | None:
    return (offer or {}).get("name")


def _id_of(subject: str, prefix: str) -> str | None:
    return subject if subject.startswith(prefix) else None
