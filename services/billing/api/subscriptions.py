"""The addresses of subscriptions."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.context import current_publisher_id, current_session
from servicekit.web.describing import WITH_ETAG
from servicekit.web.json_body import json_response
from services.billing import events
from services.billing.api.common import blueprint_of, shown
from services.billing.errors import SubscriptionNotFound
from services.billing.models.subscriptions import Subscription
from services.billing.queries.accounts import require_customer
from services.billing.queries.lists import list_subscriptions
from services.billing.queries.rows import find
from services.billing.schemas.common import CustomersPage
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
