"""What this service publishes. Every event carries the full public state of its subject after the change.

Whoever publishes holds the customer's account: that keeps the order. Publish a transaction, a subscription and the like
first and the account last, when its figures are right.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from servicekit import outbox
from servicekit.events import Event, EventType
from servicekit.ids import new_id
from servicekit.web.describing import described
from services.billing.models.access import Access
from services.billing.models.accounts import Account
from services.billing.models.invoices import Invoice
from services.billing.models.offers import Offer
from services.billing.models.payment_methods import PaymentMethod
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Refund, Transaction
from services.billing.views.access import AccessState, access_state
from services.billing.views.accounts import AccountState, account_state
from services.billing.views.common import channel_field, text_field
from services.billing.views.invoices import InvoiceState, invoice_state
from services.billing.views.offers import OfferState, offer_state
from services.billing.views.payment_methods import PaymentMethodState, payment_method_state
from services.billing.views.subscriptions import SubscriptionState, subscription_state
from services.billing.views.transactions import RefundState, TransactionState, refund_state, transaction_state

SOURCE = "/billing"


class RefundedData(TransactionState):
    """A transaction, and the refund that this event tells of."""

    refund = fields.Nested(RefundState, required=True)


class InvoiceIssuedData(InvoiceState):
    """An invoice, and where the transaction that it is about came from: what was paid elsewhere is past."""

    channel = channel_field("Where its transaction was paid.")
    origin = text_field("Whether its transaction happened here or was imported.", enum=["live", "import"])


class SubjectErasedData(Schema):
    """This service holds nothing personal of a customer any more."""

    service = fields.String(required=True, metadata=described("Which service says so.", "billing"))


def _type(name: str, schema: type[Schema], summary: str) -> EventType:
    return EventType(f"billing.{name}.v1", schema, summary)


OFFER_CREATED = _type("offer.created", OfferState, "An offer was made.")
OFFER_EDITED = _type("offer.edited", OfferState, "An offer changed.")
METHOD_ATTACHED = _type("payment_method.attached", PaymentMethodState, "Payment details were put on file.")
METHOD_CHANGED = _type("payment_method.changed", PaymentMethodState, "Payment details changed: default, expiry.")
METHOD_DETACHED = _type("payment_method.detached", PaymentMethodState, "Payment details were deleted.")
SUBSCRIPTION_STARTED = _type("subscription.started", SubscriptionState, "A subscription began.")
SUBSCRIPTION_IMPORTED = _type("subscription.imported", SubscriptionState, "A subscription came from a file.")
SUBSCRIPTION_RENEWED = _type("subscription.renewed", SubscriptionState, "A subscription was paid for once more.")
SUBSCRIPTION_PAST_DUE = _type("subscription.past_due", SubscriptionState, "A renewal's payment failed.")
SUBSCRIPTION_CANCELLED = _type("subscription.cancelled", SubscriptionState, "A subscription ends with its period.")
SUBSCRIPTION_RESUMED = _type("subscription.resumed", SubscriptionState, "A cancellation was undone.")
SUBSCRIPTION_SWITCHED = _type("subscription.switched", SubscriptionState, "A subscription has another offer now.")
SUBSCRIPTION_EXPIRED = _type("subscription.expired", SubscriptionState, "A subscription has ended.")
SUBSCRIPTION_CHANGED = _type("subscription.changed", SubscriptionState, "Something else of a subscription changed.")
TRANSACTION_CREATED = _type("transaction.created", TransactionState, "A transaction was begun.")
TRANSACTION_IMPORTED = _type("transaction.imported", TransactionState, "A transaction came from a file.")
TRANSACTION_SUCCEEDED = _type("transaction.succeeded", TransactionState, "A transaction was paid.")
TRANSACTION_FAILED = _type("transaction.failed", TransactionState, "A transaction's payment failed.")
TRANSACTION_CANCELLED = _type(
    "transaction.cancelled", TransactionState, "A transaction was called off before it was paid."
)
TRANSACTION_REFUNDED = _type("transaction.refunded", RefundedData, "Money of a transaction was given back.")
TRANSACTION_REFUND_REQUESTED = _type("transaction.refund_requested", RefundedData, "Money is to be given back.")
TRANSACTION_REFUND_FAILED = _type("transaction.refund_failed", RefundedData, "A refund was refused by the provider.")
TRANSACTION_CHANGED = _type("transaction.changed", TransactionState, "Something else of a transaction changed.")
ACCESS_GRANTED = _type("access.granted", AccessState, "A customer may use an offer.")
ACCESS_EXTENDED = _type("access.extended", AccessState, "A customer may use an offer for longer.")
ACCESS_ENDED = _type("access.ended", AccessState, "Access was ended before its time.")
ACCESS_EXPIRED = _type("access.expired", AccessState, "Access has run out.")
INVOICE_ISSUED = _type("invoice.issued", InvoiceIssuedData, "An invoice or credit note was made.")
ACCOUNT_CHANGED = _type("account.changed", AccountState, "A customer's figures changed.")
ACCOUNT_CLOSED = _type("account.closed", AccountState, "A customer's account takes no purchases any more.")
SUBJECT_ERASED = _type("subject.erased", SubjectErasedData, "Billing holds nothing personal of a customer any more.")
PUBLISHED = (
    OFFER_CREATED, OFFER_EDITED, METHOD_ATTACHED, METHOD_CHANGED, METHOD_DETACHED, SUBSCRIPTION_STARTED,
    SUBSCRIPTION_IMPORTED, SUBSCRIPTION_RENEWED, SUBSCRIPTION_PAST_DUE, SUBSCRIPTION_CANCELLED, SUBSCRIPTION_RESUMED,
    SUBSCRIPTION_SWITCHED, SUBSCRIPTION_EXPIRED, SUBSCRIPTION_CHANGED, TRANSACTION_CREATED, TRANSACTION_IMPORTED,
    TRANSACTION_SUCCEEDED, TRANSACTION_FAILED, TRANSACTION_CANCELLED, TRANSACTION_REFUNDED,
    TRANSACTION_REFUND_REQUESTED, TRANSACTION_REFUND_FAILED, TRANSACTION_CHANGED, ACCESS_GRANTED, ACCESS_EXTENDED,
    ACCESS_ENDED, ACCESS_EXPIRED, INVOICE_ISSUED, ACCOUNT_CHANGED, ACCOUNT_CLOSED, SUBJECT_ERASED,
)  # fmt: skip


def publish_offer(session: Session, kind: EventType, offer: Offer, *, now: datetime) -> None:
    """Publish an offer's present state."""
    _publish(session, kind, offer.publisher_id, offer.id, offer.version, None, offer_state(offer), now)


def publish_method(session: Session, kind: EventType, method: PaymentMethod, *, now: datetime) -> None:
    """Publish payment details' present state."""
    _publish_of(session, kind, method, payment_method_state(method, now=now), now)


def publish_subscription(session: Session, kind: EventType, subscription: Subscription, *, now: datetime) -> None:
    """Publish a subscription's present state."""
    _publish_of(session, kind, subscription, subscription_told(session, subscription), now)


def publish_transaction(
    session: Session, kind: EventType, transaction: Transaction, *, now: datetime, refund: Refund | None = None
) -> None:
    """Publish a transaction's present state; ``refund`` is what a refund's event tells of."""
    told = transaction_told(session, transaction)
    _publish_of(session, kind, transaction, {**told, "refund": refund_state(refund)} if refund else told, now)


def publish_access(session: Session, kind: EventType, access: Access, *, now: datetime) -> None:
    """Publish the present state of a customer's access."""
    _publish_of(session, kind, access, access_state(access, offer_of(session, access.offer_id)), now)


def invoice_event(invoice: Invoice, paid: Transaction, *, now: datetime) -> Event:
    """The event that tells of an invoice about the transaction ``paid``."""
    told = {**invoice_state(invoice), "channel": paid.channel, "origin": paid.origin}
    return event_of(
        INVOICE_ISSUED, publisher_id=invoice.publisher_id, subject=invoice.id, version=invoice.version,
        datasubject=invoice.customer_id, data=told, now=now,
    )  # fmt: skip


def publish_account(session: Session, account: Account, *, now: datetime, kind: EventType = ACCOUNT_CHANGED) -> None:
    """Publish an account's present state."""
    who = account.customer_id
    _publish(session, kind, account.publisher_id, who, account.version, who, account_state(account), now)


def publish_erased(session: Session, account: Account, *, now: datetime) -> None:
    """Tell the ledger of erasures that this service has done its part."""
    who, told = account.customer_id, {"service": "billing"}
    _publish(session, SUBJECT_ERASED, account.publisher_id, who, account.version, who, told, now)


def subscription_told(session: Session, subscription: Subscription) -> dict[str, Any]:
    """A subscription's state with the names of its offers."""
    pending = subscription.pending_offer_id and offer_of(session, subscription.pending_offer_id)
    return subscription_state(subscription, offer_of(session, subscription.offer_id), pending or None)


def transaction_told(session: Session, transaction: Transaction) -> dict[str, Any]:
    """A transaction's state with its offer and refunds."""
    session.flush()
    mine = select(Refund).where(Refund.transaction_id == transaction.id).order_by(Refund.id)
    refunds = session.scalars(mine).all() if transaction.version > 1 else []
    return transaction_state(transaction, offer_of(session, transaction.offer_id), refunds)


def offer_of(session: Session, offer_id: str) -> Offer:
    """The offer that something of this publisher's is about."""
    return session.get_one(Offer, offer_id)


def _publish_of(session: Session, kind: EventType, thing: Any, state: dict[str, Any], now: datetime) -> None:
    _publish(session, kind, thing.publisher_id, thing.id, thing.version, thing.customer_id, state, now)


def _publish(
    session: Session,
    kind: EventType,
    publisher_id: str,
    subject: str,
    version: int,
    datasubject: str | None,
    data: dict[str, Any],
    now: datetime,
) -> None:
    session.flush()
    event = event_of(
        kind, publisher_id=publisher_id, subject=subject, version=version, datasubject=datasubject, data=data, now=now
    )
    outbox.publish(session, event)


def event_of(
    kind: EventType,
    *,
    publisher_id: str,
    subject: str,
    version: int,
    datasubject: str | None,
    data: dict[str, Any],
    now: datetime,
) -> Event:
    """The event that tells of a thing's state, to be published with others."""
    return Event(
        id=new_id("evt"),
        type=kind.name,
        source=SOURCE,
        subject=subject,
        time=now,
        publisher_id=publisher_id,
        aggregate_version=version,
        datasubject=datasubject,
        data=data,
    )
