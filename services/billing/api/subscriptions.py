"""The addresses of subscriptions."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit import clock
from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.context import about, current_caller, current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY, WITH_ETAG
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from services.billing import events
from services.billing.actions.cancellations import cancel_now, cancel_with_period, resume_subscription
from services.billing.actions.switches import switch, undo_switch
from services.billing.api.changed_subscriptions import Moved, changed
from services.billing.api.common import blueprint_of, capabilities, shown
from services.billing.errors import OfferNotFound, SubscriptionNotFound
from services.billing.models.offers import Offer
from services.billing.models.subscriptions import Subscription
from services.billing.queries.accounts import require_customer
from services.billing.queries.lists import list_subscriptions
from services.billing.queries.rows import find
from services.billing.queries.subscription_actions import subscription_actions
from services.billing.schemas.common import CustomersPage
from services.billing.schemas.subscriptions import AskActions, CancelSubscription, SwitchSubscription
from services.billing.views.actions import ActionsView
from services.billing.views.subscription_changes import SubscriptionChange
from services.billing.views.subscriptions import SubscriptionPage, SubscriptionView

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


@blueprint.get("/<subscription_id>/actions")
@requires("billing:read")
@audited("billing.subscription.read", subject="subscription_id")
@blueprint.arguments(AskActions, location="query")
@blueprint.response(200, ActionsView)
@blueprint.doc(operationId="list_subscription_actions")
def get_actions(parameters: dict[str, Any], subscription_id: str) -> Response:
    """What can be done with a subscription now, what each would bring about, and why not what can't.

    What a switch costs is told of the offer that is named.
    """
    session, publisher_id = current_session(), current_publisher_id()
    found = find(session, Subscription, publisher_id, subscription_id, SubscriptionNotFound)
    about(found.customer_id)
    wanted = parameters.get("offer_id")
    offer = find(session, Offer, publisher_id, wanted, OfferNotFound) if wanted else None
    able = capabilities(publisher_id, found.provider)
    items = subscription_actions(session, found, offer, able, now=clock.now())
    return json_response({"items": items, "next_cursor": None})


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
    return changed(session, publisher_id, subscription_id, made.operation, moved)


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
    return changed(session, publisher_id, subscription_id)


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
    return changed(session, publisher_id, subscription_id, made.operation, moved)


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
    return changed(session, publisher_id, subscription_id)
