"""Buying."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.web.access import requires
from servicekit.web.afterwards import afterwards
from servicekit.web.auditing import audited
from servicekit.web.context import about, current_caller, current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY, VERSION_TOKEN
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from services.billing import events
from services.billing.actions.purchases import purchase
from services.billing.api.common import PREFIX, blueprint_of, carry_out
from services.billing.errors import TransactionNotFound
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Transaction
from services.billing.queries.accounts import version_token
from services.billing.queries.rows import find
from services.billing.schemas.purchases import MakePurchase
from services.billing.views.purchases import PurchaseView

blueprint = blueprint_of("purchases", "Buying an offer.")


@blueprint.post("")
@requires("billing:write")
@audited("billing.purchase.made")
@idempotent
@blueprint.arguments(MakePurchase)
@blueprint.response(201, PurchaseView, headers=VERSION_TOKEN)
@blueprint.alt_response(
    202, schema=PurchaseView, description="The provider has not answered yet: read the transaction again later."
)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="make_purchase")
def post_purchase(body: dict[str, Any]) -> Response:
    """Buy an offer for a customer: charged on the web, recorded where a store was paid.

    A declined charge is a transaction that failed, and an answer like any other.
    """
    session, publisher_id = current_session(), current_publisher_id()
    made = purchase(
        session, publisher_id=publisher_id, data=body, requested_by=current_caller().actor_id, now=clock.now()
    )
    about(body["customer_id"])
    transaction_id = made.transaction.id if made.transaction else None
    subscription_id = made.subscription.id if made.subscription else None
    if made.operation is not None:
        afterwards(
            carry_out(
                made.operation.id, lambda later, publisher: _told(later, publisher, transaction_id, subscription_id)
            )
        )
    return _told(session, publisher_id, transaction_id, subscription_id)


def _told(session: Session, publisher_id: str, transaction_id: str | None, subscription_id: str | None) -> Response:
    transaction = transaction_id and find(session, Transaction, publisher_id, transaction_id, TransactionNotFound)
    if transaction:
        subscription_id = transaction.subscription_id
    subscription = subscription_id and session.get_one(Subscription, subscription_id)
    told = {
        "transaction": events.transaction_told(session, transaction) if transaction else None,
        "subscription": events.subscription_told(session, subscription) if subscription else None,
    }
    customer_id = str((transaction or subscription).customer_id)  # type: ignore[union-attr]
    pending = bool(transaction) and transaction.status == "pending"  # type: ignore[union-attr]
    place = f"transactions/{transaction_id}" if transaction_id else f"subscriptions/{subscription_id}"
    headers = {"Location": f"{PREFIX}/{place}", "Version-Token": version_token(session, publisher_id, customer_id)}
    return json_response(told, 202 if pending else 201, headers)
