"""What is done with a subscription that is due: charged once more, ended, or left to the store."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.billing import events
from services.billing.actions.access import follow_subscription
from services.billing.actions.accounts import lock_for_outcome, settle_account
from services.billing.actions.charging import SCHEDULER, begin_charge, intend_charge
from services.billing.actions.dunning import payment_called_off
from services.billing.actions.stopping import CANCELLED, end_with_period
from services.billing.actions.subscriptions import coming_period
from services.billing.actions.transactions import fail_transaction, settle_transaction
from services.billing.models.accounts import Account
from services.billing.models.operations import Operation
from services.billing.models.subscriptions import Subscription
from services.billing.queries.methods import method_to_charge
from services.billing.queries.refunds import stopping_refund
from services.billing.queries.subscription_rules import pending_payment

LOOK_AGAIN = timedelta(hours=1)
"""A charge whose outcome isn't known brings the next step itself; this is for the case that nobody told of it."""
STORE_GRACE = timedelta(days=3)
"""How long a store may take to tell of a renewal. Access lasts until then."""
NO_METHOD = {"code": "no_payment_method", "message": "The customer has no payment details that can be charged."}


def handle_due(
    session: Session, *, publisher_id: str, customer_id: str, subscription_id: str, now: datetime
) -> Operation | None:
    """Do what is due with a subscription; the operation to carry out, if one came of it.

    Looked at again under the account's lock: what isn't due any more is left alone, so doing it again changes nothing.
    """
    account = lock_for_outcome(session, publisher_id, customer_id)
    subscription = session.get(Subscription, subscription_id, with_for_update=True, populate_existing=True)
    if subscription is None or not subscription.is_running:
        return None
    subscription.claimed_until = None
    if subscription.next_attempt_at is None or subscription.next_attempt_at > now:
        return None
    if pending_payment(session, subscription.id) is not None or stopping_refund(session, subscription.id):
        # Neither another attempt nor the end, while money may be on its way, here or back.
        subscription.next_attempt_at = now + LOOK_AGAIN
        return None
    operation = _step(session, account, subscription, now)
    settle_account(session, account, now=now)
    return operation


def _step(session: Session, account: Account, subscription: Subscription, now: datetime) -> Operation | None:
    if subscription.charging_since is not None:
        payment_called_off(session, subscription, now=now)
    elif account.status == "closed":
        end_with_period(session, subscription, reason="account_closed", now=now)
    elif subscription.cancel_at_period_end:
        end_with_period(session, subscription, reason=CANCELLED, now=now)
    elif not subscription.is_charged_here:
        _wait_for_store(session, subscription, now)
    else:
        return _charge(session, account, subscription, now)
    return None


def _charge(session: Session, account: Account, subscription: Subscription, now: datetime) -> Operation | None:
    """One attempt: a transaction, whatever becomes of it."""
    pending = subscription.pending_offer_id
    offer = events.offer_of(session, pending or subscription.offer_id)
    number, starts, ends = coming_period(subscription, offer=offer if pending else None, now=now)
    method = method_to_charge(session, subscription, now=now)
    subscription.attempt += 1
    subscription.charging_since = subscription.next_attempt_at
    subscription.next_attempt_at = now + LOOK_AGAIN
    transaction = begin_charge(
        session, account, subscription, offer, method, kind="renewal", amount_minor=subscription.coming_price_minor,
        period_number=number, period_start=starts, period_end=ends, attempt=subscription.attempt, now=now,
    )  # fmt: skip
    if transaction.amount_minor == 0:
        settle_transaction(session, account, transaction, reference=None, at=now, now=now)
    elif method is None:
        fail_transaction(session, transaction, failure=NO_METHOD, at=now, now=now)
    else:
        return intend_charge(session, transaction, method, requested_by=SCHEDULER, now=now)
    return None


def _wait_for_store(session: Session, subscription: Subscription, now: datetime) -> None:
    until = subscription.current_period_end + STORE_GRACE
    if until <= now:
        end_with_period(session, subscription, reason="not_renewed", now=now)
        return
    subscription.next_attempt_at = until
    follow_subscription(session, subscription, until=until, now=now)
