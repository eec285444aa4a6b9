"""Answering what was done with a transaction: at once, or when the provider was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from servicekit.etag import etag
from servicekit.web.context import about, current_publisher_id, kit
from servicekit.web.json_body import json_response
from services.billing import events
from services.billing.api.common import executor
from services.billing.errors import TransactionNotFound
from services.billing.models.transactions import Transaction
from services.billing.queries.accounts import version_token
from services.billing.queries.operations import open_refunds
from services.billing.queries.rows import find
from services.billing.queries.transaction_actions import access_of_transaction, subscription_of
from services.billing.queries.transactions import refunds_of, transaction_details
from services.billing.views.access import access_state

Present = Callable[[Session, str], Response]


def extended(session: Session, publisher_id: str, transaction_id: str) -> Response:
    """A transaction whose access was extended: that is done at once."""
    answer = _acted(session, publisher_id, transaction_id, None)
    answer.status_code = 200
    return answer


def _acted(session: Session, publisher_id: str, transaction_id: str, refund_id: str | None) -> Response:
    """A transaction as it is now, with this refund of it, or without one."""
    transaction = find(session, Transaction, publisher_id, transaction_id, TransactionNotFound)
    about(transaction.customer_id)
    details = transaction_details(session, transaction)
    refund = next((each for each in details["refunds"] if each["id"] == refund_id), None)
    subscription, access = subscription_of(session, transaction), access_of_transaction(session, transaction)
    told = {
        "transaction": details,
        "refund": refund,
        "subscription": events.subscription_told(session, subscription) if subscription else None,
        "access": access_state(access, events.offer_of(session, access.offer_id)) if access else None,
    }
    headers = {
        "ETag": etag(transaction.version),
        "Version-Token": version_token(session, publisher_id, transaction.customer_id),
    }
    return json_response(told, 202 if _is_pending(transaction, refund) else 200, headers)


def refunded(transaction_id: str, refund_id: str) -> Present:
    """For a refund: the transaction with it."""
    return lambda session, publisher_id: _acted(session, publisher_id, transaction_id, refund_id)


def called_off(transaction_id: str) -> Present:
    """For a payment that was to be called off: the transaction with the refund that it became if that was too late."""

    def present(session: Session, publisher_id: str) -> Response:
        refunds = refunds_of(session, transaction_id)
        return _acted(session, publisher_id, transaction_id, refunds[-1].id if refunds else None)

    return present


def carry_out_all(operation_id: str, transaction_id: str, present: Present) -> Callable[[], Response]:
    """For ``afterwards``: have the provider do an operation, and the refund that it became; then answer."""
    publisher_id = current_publisher_id()

    def finish() -> Response:
        executor().carry_out(publisher_id, operation_id)
        with kit().database.transaction(publisher_id) as session:
            new = [each.id for each in open_refunds(session, transaction_id) if each.attempts == 0]
        for each in new:
            executor().carry_out(publisher_id, each)
        with kit().database.transaction(publisher_id) as session:
            return present(session, publisher_id)

    return finish


def _is_pending(transaction: Transaction, refund: dict[str, Any] | None) -> bool:
    return transaction.status == "pending" or (refund is not None and refund["status"] == "pending")
