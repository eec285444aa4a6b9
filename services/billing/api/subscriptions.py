"""The addresses of subscriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.etag import etag
from servicekit.web.access import requires
from servicekit.web.afterwards import afterwards
from servicekit.web.auditing import audited
from servicekit.web.context import about, current_caller, current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY, WITH_ETAG
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from servicekit.web.problems import problem_response
from services.billing import events
from services.billing.actions.cancellations import cancel_now, cancel_with_period, resume_subscription
from services.billing.actions.switches import switch, undo_switch
from services.billing.api.common import blueprint_of, capabilities, carry_out, shown
from services.billing.errors import ProviderRefusal, SubscriptionNotFound
from services.billing.intents import is_open
from services.billing.models.operations import Operation
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Refund, Transaction
from services.billing.queries.accounts import require_customer, version_token
from services.billing.queries.lists import list_subscriptions
from services.billing.queries.rows import find
from services.billing.schemas.common import CustomersPage
from services.billing.schemas.subscriptions import CancelSubscription, SwitchSubscription
from services.billing.views.subscription_changes import SubscriptionChange
from services.billing.views.subscriptions import SubscriptionPage, SubscriptionView
from services.billing.views.transactions import refund_state

blueprint = blueprint_of("subscriptions", "Customers' recurring offers.")


@blueprint.get("")
@requires("billing:read")
@audited("billing.subscription.listed")
@blueprint.arguments(CustomersPage, location="query")
@blueprint.response(200, SubscriptionPage)
@blueprint.doc(operationId="list_subscriptions")
def get_subscriptions(parameters: dict[str, Any]) -> Response:
    """List a customer's subscriptions, newest first, ended ones too."""
    session, publisher_id = current_session(), current_publisher_id()
    require_customer(session, publisher_id, parameters["customer_id"])
    page = list_subscriptions(
        session,
        publisher_id=publisher_id,
        customer_id=parameters["customer_id"],
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
    )
    return json_response(page)


@blueprint.get("/<subscription_id>")
@requires("billing:read")
@audited("billing.subscription.read", subject="subscription_id")
@blueprint.response(200, SubscriptionView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_subscription")
def get_subscription(subscription_id: str) -> Response:
    """Read a subscription."""
    session = current_session()
    found = find(session, Subscription, current_publisher_id(), subscription_id, SubscriptionNotFound)
    return shown(events.subscription_told(session, found))


@blueprint.post("/<subscription_id>/cancel")
@requires("billing:write")
@audited("billing.subscription.cancelled", subject="subscription_id")
@idempotent
@blueprint.arguments(CancelSubscription)
@blueprint.response(200, SubscriptionChange, headers=WITH_ETAG)
@blueprint.alt_response(202, schema=SubscriptionChange, description="The store has not answered yet.")
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="cancel_subscription")
def post_cancel(body: dict[str, Any], subscription_id: str) -> Response:
    """Cancel a subscription: with its period, access staying until then, or at once, with or without a refund.

    A store's is cancelled in the store, where that takes it from us.
    """
    session, publisher_id = current_session(), current_publisher_id()
    found = find(session, Subscription, publisher_id, subscription_id, SubscriptionNotFound)
    common: dict[str, Any] = {
        "publisher_id": publisher_id,
        "subscription_id": subscription_id,
        "reason": body["reason"],
        "capabilities": capabilities(publisher_id, found.provider),
        "requested_by": current_caller().actor_id,
        "now": clock.now(),
    }
    if body["when"] == "now":
        made = cancel_now(session, give_back_as=body["refund"], **common)
    else:
        made = cancel_with_period(session, **common)
    moved = Moved(refund_id=made.refund.id if made.refund else None)
    return _told(session, publisher_id, subscription_id, made.operation, moved)


@blueprint.post("/<subscription_id>/resume")
@requires("billing:write")
@audited("billing.subscription.resumed", subject="subscription_id")
@idempotent
@blueprint.response(200, SubscriptionChange, headers=WITH_ETAG)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="resume_subscription")
def post_resume(subscription_id: str) -> Response:
    """Undo a cancellation, while the subscription's period runs."""
    session, publisher_id = current_session(), current_publisher_id()
    resume_subscription(session, publisher_id=publisher_id, subscription_id=subscription_id, now=clock.now())
    return _told(session, publisher_id, subscription_id)


@blueprint.post("/<subscription_id>/switch")
@requires("billing:write")
@audited("billing.subscription.switched", subject="subscription_id")
@idempotent
@blueprint.arguments(SwitchSubscription)
@blueprint.response(200, SubscriptionChange, headers=WITH_ETAG)
@blueprint.alt_response(202, schema=SubscriptionChange, description="It changes when the payment has come.")
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="switch_subscription")
def post_switch(body: dict[str, Any], subscription_id: str) -> Response:
    """Change to another offer: with the end of the period, or now, with unused time credited.

    A declined charge is a transaction that failed, and nothing has changed.
    """
    session, publisher_id = current_session(), current_publisher_id()
    made = switch(
        session,
        publisher_id=publisher_id,
        subscription_id=subscription_id,
        offer_id=body["offer_id"],
        at_once=body["when"] == "now",
        requested_by=current_caller().actor_id,
        now=clock.now(),
    )
    moved = Moved(transaction_id=made.transaction.id if made.transaction else None)
    return _told(session, publisher_id, subscription_id, made.operation, moved)


@blueprint.delete("/<subscription_id>/switch")
@requires("billing:write")
@audited("billing.subscription.switch_undone", subject="subscription_id")
@idempotent
@blueprint.response(200, SubscriptionChange, headers=WITH_ETAG)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="undo_switch")
def delete_switch(subscription_id: str) -> Response:
    """Keep the offer after all: the change that was to come with the period is taken back."""
    session, publisher_id = current_session(), current_publisher_id()
    undo_switch(session, publisher_id=publisher_id, subscription_id=subscription_id, now=clock.now())
    return _told(session, publisher_id, subscription_id)


@dataclass(frozen=True, slots=True)
class Moved:
    """The money that a change moves."""

    transaction_id: str | None = None
    refund_id: str | None = None


def _told(
    session: Session,
    publisher_id: str,
    subscription_id: str,
    operation: Operation | None = None,
    moved: Moved | None = None,
) -> Response:
    """The answer; once more when the operation was tried."""
    operation_id = operation.id if operation is not None else None

    def present(later: Session, owner: str) -> Response:
        return _state(later, owner, subscription_id, operation_id, moved or Moved())

    if operation_id is not None:
        afterwards(carry_out(operation_id, present))
    return present(session, publisher_id)


def _state(
    session: Session, publisher_id: str, subscription_id: str, operation_id: str | None, moved: Moved
) -> Response:
    subscription = find(session, Subscription, publisher_id, subscription_id, SubscriptionNotFound)
    operation = session.get_one(Operation, operation_id) if operation_id else None
    if operation is not None and operation.kind == "cancel" and operation.status == "failed":
        code, _, reason = (operation.last_problem or "").partition(": ")
        return problem_response(ProviderRefusal(code, reason))
    transaction = session.get_one(Transaction, moved.transaction_id) if moved.transaction_id else None
    refund = session.get_one(Refund, moved.refund_id) if moved.refund_id else None
    told = {
        "subscription": events.subscription_told(session, subscription),
        "transaction": events.transaction_told(session, transaction) if transaction else None,
        "refund": refund_state(refund) if refund else None,
    }
    about(subscription.customer_id)
    headers = {
        "ETag": etag(subscription.version),
        "Version-Token": version_token(session, publisher_id, subscription.customer_id),
    }
    return json_response(told, 202 if operation is not None and is_open(operation) else 200, headers)
