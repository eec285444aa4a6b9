"""The addresses of transactions."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit import clock
from servicekit.web.access import requires
from servicekit.web.afterwards import afterwards
from servicekit.web.auditing import audited
from servicekit.web.context import about, current_caller, current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY, VERSION_TOKEN, WITH_ETAG
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from servicekit.web.presenting import refuse_personal
from services.billing.actions.extensions import extend_access_of
from services.billing.actions.requested_refunds import Find, Requested, cancel_transaction, refund_transaction
from services.billing.api.acting import called_off, carry_out_all, extended, refunded
from services.billing.api.common import blueprint_of, registry, shown
from services.billing.errors import TransactionNotFound
from services.billing.models.transactions import Transaction
from services.billing.queries.accounts import require_customer
from services.billing.queries.rows import find
from services.billing.queries.transaction_actions import transaction_actions
from services.billing.queries.transaction_events import list_happenings
from services.billing.queries.transactions import list_transactions, read_transaction
from services.billing.schemas.common import Page
from services.billing.schemas.transactions import (
    EXTENSION,
    CancelTransaction,
    ExtendAccess,
    ListTransactions,
    RefundTransaction,
)
from services.billing.views.actions import ActionsView
from services.billing.views.transaction_actions import ActionResult
from services.billing.views.transaction_events import HappeningPage
from services.billing.views.transactions import TransactionDetails, TransactionPage

blueprint = blueprint_of("transactions", "Movements of money.")
_WITH_BOTH = {**WITH_ETAG, **VERSION_TOKEN}
_PENDING = "The provider has not answered yet, or can't be reached: it is tried again until it does."


@blueprint.get("")
@requires("billing:read")
@audited("billing.transaction.listed")
@blueprint.arguments(ListTransactions, location="query")
@blueprint.response(200, TransactionPage)
@blueprint.doc(operationId="list_transactions")
def get_transactions(parameters: dict[str, Any]) -> Response:
    """List a customer's transactions, newest first unless asked otherwise."""
    refuse_personal(parameters, ("external_order_id",))
    session, publisher_id = current_session(), current_publisher_id()
    require_customer(session, publisher_id, parameters["customer_id"])
    return json_response(list_transactions(session, publisher_id=publisher_id, asked=parameters))


@blueprint.get("/<transaction_id>")
@requires("billing:read")
@audited("billing.transaction.read", subject="transaction_id")
@blueprint.response(200, TransactionDetails, headers=WITH_ETAG)
@blueprint.doc(operationId="get_transaction")
def get_transaction(transaction_id: str) -> Response:
    """Read a transaction, with every field of its refunds."""
    return shown(read_transaction(current_session(), current_publisher_id(), transaction_id))


@blueprint.get("/<transaction_id>/actions")
@requires("billing:read")
@audited("billing.transaction.read", subject="transaction_id")
@blueprint.response(200, ActionsView)
@blueprint.doc(operationId="list_transaction_actions")
def get_transaction_actions(transaction_id: str) -> Response:
    """Read what can be done with a transaction, what each would bring about, and why not what can't."""
    found = _found(transaction_id)
    about(found.customer_id)
    provider = registry().of(found.publisher_id, found.provider)
    items = transaction_actions(current_session(), found, provider, now=clock.now())
    return json_response({"items": items, "next_cursor": None})


@blueprint.get("/<transaction_id>/events")
@requires("billing:read")
@audited("billing.transaction.read", subject="transaction_id")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, HappeningPage)
@blueprint.doc(operationId="list_transaction_events")
def get_transaction_events(parameters: dict[str, Any], transaction_id: str) -> Response:
    """List what happened to a transaction, oldest first."""
    found = _found(transaction_id)
    about(found.customer_id)
    page = list_happenings(current_session(), found, cursor=parameters.get("cursor"), limit=parameters["limit"])
    return json_response(page)


@blueprint.post("/<transaction_id>/refund")
@requires("billing:write")
@audited("billing.transaction.refunded", subject="transaction_id")
@idempotent
@blueprint.arguments(RefundTransaction)
@blueprint.response(200, ActionResult, headers=_WITH_BOTH)
@blueprint.alt_response(202, schema=ActionResult, description=_PENDING)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="refund_transaction")
def post_refund(body: dict[str, Any], transaction_id: str) -> Response:
    """Give money of a transaction back, all that is left or a part.

    What the refund is to end ends when the money is back. One that the provider declines is a refund that failed, and
    an answer like any other: nothing was given back, nothing ends.
    """
    made = refund_transaction(
        current_session(), publisher_id=current_publisher_id(), transaction_id=transaction_id, data=body,
        find_provider=_find_provider(), requested_by=current_caller().actor_id, now=clock.now(),
    )  # fmt: skip
    return _answered(made)


@blueprint.post("/<transaction_id>/cancel")
@requires("billing:write")
@audited("billing.transaction.cancelled", subject="transaction_id")
@idempotent
@blueprint.arguments(CancelTransaction, required=False)
@blueprint.response(200, ActionResult, headers=_WITH_BOTH)
@blueprint.alt_response(202, schema=ActionResult, description=_PENDING)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="cancel_transaction")
def post_cancel(body: dict[str, Any], transaction_id: str) -> Response:
    """Cancel a transaction: a pending payment is called off; a settled one is given back in full, its access ends
    and its subscription stops when the money is back. Called off too late, it is given back too."""
    made = cancel_transaction(
        current_session(), publisher_id=current_publisher_id(), transaction_id=transaction_id, data=body,
        find_provider=_find_provider(), requested_by=current_caller().actor_id, now=clock.now(),
    )  # fmt: skip
    return _answered(made)


@blueprint.post("/<transaction_id>/extend_access")
@requires("billing:write")
@audited("billing.access.extended", subject="transaction_id")
@idempotent
@blueprint.arguments(ExtendAccess, example=EXTENSION)
@blueprint.response(200, ActionResult, headers=_WITH_BOTH)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="extend_access_of_transaction")
def post_extend_access(body: dict[str, Any], transaction_id: str) -> Response:
    """Extend the access that a transaction paid for. What is charged, and when, stays as it is."""
    session, publisher_id = current_session(), current_publisher_id()
    extend_access_of(
        session, publisher_id=publisher_id, transaction_id=transaction_id, data=body,
        extended_by=current_caller().actor_id, now=clock.now(),
    )  # fmt: skip
    return extended(session, publisher_id, transaction_id)


def _answered(made: Requested) -> Response:
    transaction_id = made.transaction.id
    present = refunded(transaction_id, made.refund.id) if made.refund else called_off(transaction_id)
    if made.operation is not None:
        afterwards(carry_out_all(made.operation.id, transaction_id, present))
    return present(current_session(), current_publisher_id())


def _find_provider() -> Find:
    publisher_id, providers = current_publisher_id(), registry()
    return lambda name: providers.of(publisher_id, name)


def _found(transaction_id: str) -> Transaction:
    return find(current_session(), Transaction, current_publisher_id(), transaction_id, TransactionNotFound)
