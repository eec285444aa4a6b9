"""What the changes of a subscription answer."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response
from sqlalchemy.orm import Session

from servicekit.etag import etag
from servicekit.web.afterwards import afterwards
from servicekit.web.context import about
from servicekit.web.json_body import json_response
from servicekit.web.problems import problem_response
from services.billing import events
from services.billing.api.common import carry_out
from services.billing.errors import ProviderRefusal, SubscriptionNotFound
from services.billing.intents import is_open
from services.billing.models.operations import Operation
from services.billing.models.subscriptions import Subscription
from services.billing.models.transactions import Refund, Transaction
from services.billing.queries.accounts import version_token
from services.billing.queries.rows import find
from services.billing.views.transactions import refund_state


@dataclass(frozen=True, slots=True)
class Moved:
    """The money that a change moves."""

    transaction_id: str | None = None
    refund_id: str | None = None


def changed(
    session: Session,
    publisher_id: str,
    subscription_id: str,
    operation: Operation | None = None,
    moved: Moved | None = None,
) -> Response:
    """The answer to a change of a subscription; given once more when the provider has been asked."""
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
