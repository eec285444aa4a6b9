"""The demo customers' log of mails: what would have been written to them about what they did. Nothing is sent.

Mails follow from what billing holds of a customer, by the rules of the notifications service itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from embedded.demo.draws import below, draws, share
from embedded.demo.known import demo_customers
from embedded.demo.people import SEED
from servicekit.auth.caller import Caller
from servicekit.db.database import Database
from servicekit.events import Event
from services.billing.events import subscription_told
from services.billing.models.invoices import Invoice
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Refund, Transaction
from services.billing.queries.transactions import present_transactions
from services.billing.views.invoices import invoice_state
from services.billing.views.payment_methods import payment_method_state
from services.billing.views.transactions import refund_state
from services.customers.views import customer_state
from services.notifications import kinds
from services.notifications.calling import orders_of, subscription_facts
from services.notifications.inbound import person_told
from services.notifications.mailing import Order, Outcome, write_past_mails
from services.notifications.models import MailSettings
from services.notifications.people import take_in
from services.notifications.reminding import RENEWAL, take_in_thing
from services.notifications.settings import MailDefaults
from services.notifications.settings_editing import edit_settings
from services.notifications.things import Told

_BATCH = 100
_OF_MAILS = SEED + 2  # what is drawn here has nothing to do with who somebody is
_MOST = 8
"""How many of their newest mails a customer's log has, besides the welcome."""
_REMEMBERED = timedelta(days=800)
_NOTICE = timedelta(days=7)
_FIRST_VERSION = 1
_FAILED, _BOUNCED, _GENERATED = share(3), share(6), share(30)
_FULL = "552 5.2.2 The mailbox is full"
_REFUSED = "550 5.7.1 The message was refused by policy"


@dataclass(slots=True)
class _Bought:
    """What billing holds of a customer, as it tells of it."""

    methods: list[dict[str, Any]]
    subscriptions: list[dict[str, Any]]
    events: list[tuple[str, str, datetime, dict[str, Any]]]
    """Type, subject, time and state of what would have been told of the past."""


def fill_mails(
    customers: Database,
    billing: Database,
    notifications: Database,
    *,
    publisher_id: str,
    publisher_name: str,
    owner: tuple[str, str],
    count: int,
    now: datetime,
) -> None:
    """Write the logs of the first ``count`` demo customers; what is there already is left as it is.

    ``owner`` is the ID and the name of the member who set the name that mails come from.
    """
    editor = Caller(
        kind="staff", actor_id=owner[0], name=owner[1], publisher_id=publisher_id, role="owner", scopes=frozenset()
    )
    with notifications.transaction(publisher_id) as session:
        if session.get(MailSettings, publisher_id) is None:
            edit_settings(
                session,
                publisher_id=publisher_id,
                data={"sender_name": publisher_name},
                expected_revision=None,
                defaults=MailDefaults(),
                editor=editor,
                now=now,
            )
    for first in range(1, count + 1, _BATCH):
        numbers = range(first, min(first + _BATCH, count + 1))
        with customers.transaction(publisher_id) as session:
            found = demo_customers(session, publisher_id, numbers)
            states = {number: customer_state(customer) for number, customer in found.items()}
        with billing.transaction(publisher_id) as session:
            bought = _bought(session, [state["id"] for state in states.values()], now)
        with notifications.transaction(publisher_id) as session:
            told = [person_told(state["id"], _FIRST_VERSION, state) for state in states.values()]
            take_in(session, publisher_id=publisher_id, told=told)
            past = [
                each
                for number, state in sorted(states.items())
                for each in _Log(session, publisher_id, number, state["id"], now).past(state, bought[state["id"]])
            ]
            write_past_mails(session, past, publisher_id=publisher_id, defaults=MailDefaults(), now=now)


class _Log:
    """One customer's log."""

    def __init__(self, session: Session, publisher_id: str, number: int, customer_id: str, now: datetime) -> None:
        self._session, self._publisher_id, self._customer_id = session, publisher_id, customer_id
        self._now = now
        self._drawn = draws(_OF_MAILS, number)

    def past(self, state: dict[str, Any], bought: _Bought) -> list[tuple[Order, Outcome]]:
        """The welcome, and the newest of the others; what billing holds is known here from then on."""
        for thing in (*bought.methods, *bought.subscriptions):
            take_in_thing(self._session, self._told(thing))
        orders = [
            (at, order)
            for kind, subject, at, data in bought.events
            for order in orders_of(self._session, self._event(kind, subject, at, data))
        ]
        orders += self._announcements(bought.subscriptions)
        past = sorted((pair for pair in orders if pair[0] <= self._now), key=lambda pair: pair[0])[-_MOST:]
        registered = datetime.fromisoformat(state["registered_at"])
        if registered > self._now - _REMEMBERED:
            past.insert(0, (registered, Order("welcome", self._customer_id, f"demo/{self._customer_id}")))
        drawn = self._drawn
        return [(order, _outcome(order.kind, at, drawn[place % len(drawn)])) for place, (at, order) in enumerate(past)]

    def _told(self, thing: dict[str, Any]) -> Told:
        return Told(
            publisher_id=self._publisher_id,
            thing_id=thing["id"],
            customer_id=self._customer_id,
            version=thing["version"],
            at=self._now,
            state=thing,
        )

    def _event(self, kind: str, subject: str, at: datetime, data: dict[str, Any]) -> Event:
        return Event(
            id=f"demo/{subject}",
            type=f"billing.{kind}.v1",
            source="/billing",
            subject=subject,
            time=at,
            publisher_id=self._publisher_id,
            aggregate_version=_FIRST_VERSION,
            datasubject=self._customer_id,
            data=data,
        )

    def _announcements(self, subscriptions: Sequence[dict[str, Any]]) -> Iterator[tuple[datetime, Order]]:
        """Known by the same ID as the scheduler's own, which doesn't write them again."""
        for state in subscriptions:
            if state["next_payment_at"] is None or state["status"] not in ("active", "trialing"):
                continue
            payment = datetime.fromisoformat(state["next_payment_at"])
            facts = subscription_facts(self._session, self._publisher_id, state)
            event_id = f"{RENEWAL}/{state['id']}/{payment.isoformat()}"
            told = {name: value for name, value in facts.items() if value is not None}
            if state["channel"] == "web":
                yield (
                    payment - _NOTICE,
                    Order(RENEWAL, self._customer_id, event_id, told, subscription_id=state["id"]),
                )


def _outcome(kind: str, at: datetime, draw: int) -> Outcome:
    """Nearly all mails arrived; some invoices were delivered by the publisher itself."""
    ended = at + timedelta(seconds=1 + below(9, draw))
    if kind == "invoice" and draw < _GENERATED:
        return Outcome(kinds.GENERATED, at, at)
    if draw < _FAILED:
        return Outcome(kinds.FAILED, at, ended, "message_refused", _REFUSED)
    if draw < _BOUNCED:
        return Outcome(kinds.BOUNCED, at, ended + timedelta(minutes=below(90, draw)), "bounced", _FULL)
    return Outcome(kinds.SENT, at, ended)


def _bought(session: Session, customer_ids: Sequence[str], now: datetime) -> dict[str, _Bought]:
    """What mails would have told these customers of. What was imported is told as if it had happened here."""

    def theirs(model: Any, *more: Any) -> Any:
        mine = (model.customer_id.in_(customer_ids), *more)
        return session.scalars(select(model).where(*mine).order_by(model.customer_id, model.id)).all()

    found = {customer_id: _Bought([], [], []) for customer_id in customer_ids}
    for method in theirs(PaymentMethod):
        found[method.customer_id].methods.append(payment_method_state(method, now=now))
    for subscription in theirs(Subscription):
        found[subscription.customer_id].subscriptions.append(subscription_told(session, subscription))
    paid = theirs(Transaction, Transaction.channel == "web")
    told = dict(zip([each.id for each in paid], present_transactions(session, paid), strict=True))
    for each in paid:
        told[each.id] = {**told[each.id], "origin": "live"}
        found[each.customer_id].events.append(_payment(each, told[each.id]))
    for refund in theirs(Refund):
        if refund.transaction_id in told and refund.settled_at is not None:
            data = {**told[refund.transaction_id], "refund": refund_state(refund)}
            at = refund.settled_at + timedelta(hours=30)  # the file that it was in doesn't say when
            found[refund.customer_id].events.append(("transaction.refunded", refund.transaction_id, at, data))
    for invoice in theirs(Invoice):
        data = {**invoice_state(invoice), "channel": "web", "origin": "live"}
        found[invoice.customer_id].events.append(("invoice.issued", invoice.id, invoice.issued_at, data))
    for bought in found.values():
        bought.events += _changes(bought.subscriptions, now)
    return found


def _payment(paid: Transaction, told: dict[str, Any]) -> tuple[str, str, datetime, dict[str, Any]]:
    kind = "transaction.failed" if paid.status == "failed" else "transaction.succeeded"
    # The first failure of a renewal is told of as its subscription's.
    return kind, paid.id, paid.created_at, {**told, "attempt": 2 if paid.kind == "renewal" else None}


def _changes(
    subscriptions: Sequence[dict[str, Any]], now: datetime
) -> Iterator[tuple[str, str, datetime, dict[str, Any]]]:
    for state in subscriptions:
        began, ended = (datetime.fromisoformat(state[f"current_period_{end}"]) for end in ("start", "end"))
        if state["status"] == "cancelled":
            yield "subscription.cancelled", state["id"], began + (now - began) / 2, state
        elif state["status"] == "past_due":
            yield "subscription.past_due", state["id"], ended, state
        elif state["status"] == "expired":
            yield "subscription.cancelled", state["id"], ended - (ended - began) / 3, state
        elif datetime.fromisoformat(state["started_at"]) < began:
            yield "subscription.renewed", state["id"], began, state
