"""A store has sold or renewed something: a transaction, and what it pays for."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.accounts import count_money, lock_for_outcome, settle_account
from services.billing.actions.transactions import begin_transaction, order_key, settle_transaction
from services.billing.models.accounts import Account
from services.billing.models.offers import Offer
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.money import Money
from services.billing.notified.people import customer_of
from services.billing.notified.telling import NotKnownYet, Telling
from services.billing.providers.notifications import StorePayment


def store_payment(session: Session, telling: Telling, fact: StorePayment) -> None:
    """Record a store's payment. One whose order ID is known changes nothing. Raises NotKnownYet."""
    known = subscription_of(session, telling, fact.subscription_reference, fact.order_id)
    customer_id = known.customer_id if known else _buyer(session, telling, fact)
    if customer_id is None:
        return
    account = lock_for_outcome(session, telling.publisher_id, customer_id)
    if _is_known(session, telling, fact.order_id):
        return
    # Its first payment may have been taken in while this one waited for the account.
    known = known or subscription_of(session, telling, fact.subscription_reference, fact.order_id)
    if known is not None:
        session.refresh(known, with_for_update=True)
        known.external_id = fact.subscription_reference or known.external_id
    offer = _offer(session, telling, fact, known)
    transaction = _begun(session, telling, account, offer, fact, known)
    if account.status == "closed":
        _only_booked(session, telling, account, transaction, fact)
    elif known is None:
        _started(session, telling, account, transaction, fact)
    elif fact.until is not None and fact.until <= known.current_period_end:
        _only_booked(session, telling, account, transaction, fact)
    else:
        _renewed(session, telling, account, transaction, fact, known, offer)
    settle_account(session, account, now=telling.now)


def subscription_of(
    session: Session, telling: Telling, reference: str | None, order_id: str | None = None
) -> Subscription | None:
    """The subscription that a store calls ``reference``, or that the order began of which this one is a renewal."""
    first_order = order_id.partition("..")[0] if order_id else None
    names = [name for name in (reference, first_order) if name and reference]
    mine = (Subscription.publisher_id == telling.publisher_id, Subscription.channel == telling.provider)
    for name in names:
        found = session.scalars(select(Subscription).where(*mine, Subscription.external_id == name)).one_or_none()
        if found is not None:
            return found
    return None


def _buyer(session: Session, telling: Telling, fact: StorePayment) -> str | None:
    """The customer's ID; None for one that was erased: nothing of theirs is taken in any more."""
    customer = customer_of(session, telling.publisher_id, fact.account)
    if customer is None:
        raise NotKnownYet("Whose purchase this is is not known.")
    return None if customer.erased else customer.customer_id


def _is_known(session: Session, telling: Telling, order_id: str) -> bool:
    same = select(Transaction.id).where(
        Transaction.publisher_id == telling.publisher_id,
        Transaction.channel == telling.provider,
        Transaction.external_order_key == order_key(order_id),
    )
    return session.scalars(same).one_or_none() is not None


def _offer(session: Session, telling: Telling, fact: StorePayment, known: Subscription | None) -> Offer:
    mine = (Offer.publisher_id == telling.publisher_id, Offer.external_id == fact.product)
    offer = session.scalars(select(Offer).where(*mine)).one_or_none()
    if offer is None and known is not None:
        offer = session.get(Offer, known.offer_id)
    if offer is None:
        raise NotKnownYet("No offer has the store's product as its external ID.")
    if (offer.kind == "subscription") != (fact.subscription_reference is not None):
        raise NotKnownYet("The offer with the store's product is of another kind: recurring, or not.")
    return offer


def _begun(
    session: Session,
    telling: Telling,
    account: Account,
    offer: Offer,
    fact: StorePayment,
    known: Subscription | None,
) -> Transaction:
    usual = Money(known.price_minor, known.currency) if known else Money(offer.price_minor, offer.currency)
    amount = fact.amount or usual
    return begin_transaction(
        session,
        account,
        offer,
        kind="renewal" if known else "purchase",
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        channel=telling.provider,
        provider=telling.provider,
        payment_method={"id": None, "kind": "store", "brand": telling.provider, "last4": None},
        external_order_id=fact.order_id,
        external_order_key=order_key(fact.order_id),
        subscription_id=known.id if known else None,
        now=min(fact.paid_at, telling.now),
    )


def _started(
    session: Session, telling: Telling, account: Account, transaction: Transaction, fact: StorePayment
) -> None:
    settle_transaction(
        session,
        account,
        transaction,
        reference=fact.order_id,
        at=fact.paid_at,
        until=fact.until,
        subscription_external_id=fact.subscription_reference,
        now=telling.now,
    )
    if transaction.subscription_id is None:
        return
    subscription = session.get_one(Subscription, transaction.subscription_id)
    subscription.told_at = telling.at
    if fact.is_trial:
        subscription.status, subscription.trial_end = "trialing", fact.until
        subscription.version += 1
        events.publish_subscription(session, events.SUBSCRIPTION_CHANGED, subscription, now=telling.now)


def _renewed(
    session: Session,
    telling: Telling,
    account: Account,
    transaction: Transaction,
    fact: StorePayment,
    subscription: Subscription,
    offer: Offer,
) -> None:
    if subscription.status in ("cancelled", "expired"):
        _reopen(subscription)
    # The period begins where the store says: after a pause or a lapse that is not where the last one ended.
    subscription.current_period_end = fact.starts_at
    subscription.told_at = max(telling.at, subscription.told_at or telling.at)
    subscription.price_minor, subscription.currency = transaction.amount_minor, transaction.currency
    switched = subscription.offer_id != offer.id
    subscription.offer_id = offer.id
    transaction.period_number = subscription.period_number + 1
    transaction.period_start, transaction.period_end = fact.starts_at, fact.until
    session.flush()  # settling reads the subscription anew
    settle_transaction(
        session, account, transaction, reference=fact.order_id, at=fact.paid_at, until=fact.until, now=telling.now
    )
    if switched:
        subscription.version += 1
        events.publish_subscription(session, events.SUBSCRIPTION_SWITCHED, subscription, now=telling.now)


def _reopen(subscription: Subscription) -> None:
    subscription.status, subscription.status_before = "active", None
    subscription.cancel_at_period_end, subscription.cancelled_at, subscription.cancellation_reason = False, None, None
    subscription.ended_at, subscription.ended_reason = None, None


def _only_booked(
    session: Session, telling: Telling, account: Account, transaction: Transaction, fact: StorePayment
) -> None:
    """Money that came in and gives nothing: a later period is paid for already, or the account is closed.

    Only the store could give it back.
    """
    transaction.status, transaction.settled_at = "succeeded", fact.paid_at
    transaction.provider_reference = fact.order_id
    transaction.period_start, transaction.period_end = fact.starts_at, fact.until
    transaction.version += 1
    count_money(account, transaction.currency, transaction.amount_minor)
    events.publish_transaction(session, events.TRANSACTION_SUCCEEDED, transaction, now=telling.now)
