"""The addresses of transactions."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.context import current_publisher_id, current_session
from servicekit.web.describing import WITH_ETAG
from servicekit.web.json_body import json_response
from servicekit.web.presenting import refuse_personal
from services.billing import events
from services.billing.api.common import blueprint_of, shown
from services.billing.errors import TransactionNotFound
from services.billing.models.transactions import Transaction
from services.billing.queries.accounts import require_customer
from services.billing.queries.rows import find
from services.billing.queries.transactions import list_transactions, refunds_of
from services.billing.schemas.transactions import ListTransactions
from services.billing.views.transactions import TransactionDetails, TransactionPage, detailed_refund

blueprint = blueprint_of("transactions", "Movements of money.")


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
    session = current_session()
    found = find(session, Transaction, current_publisher_id(), transaction_id, TransactionNotFound)
    told = events.transaction_told(session, found)
    return shown({**told, "refunds": [detailed_refund(each) for each in refunds_of(session, found.id)]})
