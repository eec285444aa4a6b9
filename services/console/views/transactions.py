"""The transactions panel (T1, T2) and a transaction's details (T3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from services.console import mailing
from services.console.clients import ApiProblem, SessionEnded
from services.console.selling import CHANNELS, TRANSACTION_STATUSES, offer_address
from services.console.signed_in import api, member, reader
from services.console.transactions import Choice
from services.console.views.billing import BILLING, EMPTY, WRITE, fragment, of_customer, of_this, possible, wait
from services.console.views.customer import dialog, panel

blueprint = Blueprint("transactions", __name__)
MOST = 200


@blueprint.get("/customers/<customer_id>/transactions")
@panel
def transactions(customer_id: str) -> Response:
    """The panel's inside: one page, however many there are."""
    choice = Choice.of(request.args)
    page, mistake = EMPTY, ""
    if choice.is_backwards:
        mistake = "The last day comes before the first."
    else:
        page, mistake = _page(customer_id, choice)
    seconds, again = wait()
    return fragment(
        "billing/transactions.html",
        customer_id=customer_id,
        choice=choice,
        page=page,
        mistake=mistake,
        template=offer_template() if page["items"] else None,
        offer_address=offer_address,
        statuses=TRANSACTION_STATUSES,
        channels=CHANNELS,
        pending=any(is_pending(each) for each in page["items"]),
        wait=seconds,
        again=again,
    )


@blueprint.get("/customers/<customer_id>/transactions/<transaction_id>")
@dialog
def details(customer_id: str, transaction_id: str) -> Response:
    """Every field of a transaction, its refunds and emails, and what can be done with it."""
    transaction = read(customer_id, transaction_id)
    seconds, again = wait()
    return fragment(
        "billing/details.html",
        customer_id=customer_id,
        transaction=transaction,
        address=offer_address(offer_template(), transaction["offer"]),
        events=_events(transaction_id),
        emails=_emails(customer_id, transaction_id) if member().may("notifications:read") else [],
        mailing=mailing,
        actions=list(possible(f"transactions/{transaction_id}").values()) if member().may(WRITE) else [],
        pending=is_pending(transaction),
        wait=seconds,
        again=again,
    )


def read(customer_id: str, transaction_id: str) -> Mapping[str, Any]:
    """A transaction of this customer's. Raises ApiProblem, NotFound."""
    return of_this(customer_id, api().get(f"{BILLING}/transactions/{transaction_id}").body)


def is_pending(transaction: Mapping[str, Any]) -> bool:
    """Whether the provider still has something to settle."""
    return transaction["status"] == "pending" or any(each["status"] == "pending" for each in transaction["refunds"])


def offer_template() -> str | None:
    """The publisher's address of an offer; None where none is set or nobody answers."""
    try:
        found = api().get("/v1/identity/publisher").body.get("offer_url_template")
    except SessionEnded:
        raise
    except ApiProblem:  # no reason not to show the transactions
        return None
    return str(found) if found else None


def _events(transaction_id: str) -> Sequence[Mapping[str, Any]]:
    """What happened to a transaction, oldest first; of very many the first."""
    found: Sequence[Mapping[str, Any]] = (
        api().get(f"{BILLING}/transactions/{transaction_id}/events", limit=MOST).body["items"]
    )
    return found


def _emails(customer_id: str, transaction_id: str) -> Sequence[Mapping[str, Any]] | None:
    """What the customer was sent about a transaction, newest first; None where nobody answers."""
    try:
        asked = {"customer_id": customer_id, "transaction_id": transaction_id, "limit": MOST}
        found: Sequence[Mapping[str, Any]] = api().get("/v1/notifications/emails", **asked).body["items"]
    except SessionEnded:
        raise
    except ApiProblem:  # no reason not to show the transaction
        return None
    return found


def _page(customer_id: str, choice: Choice) -> tuple[Mapping[str, Any], str]:
    """A page, and what is wrong with what was asked for."""
    try:
        return of_customer("transactions", customer_id, **choice.asked(reader())), ""
    except SessionEnded:
        raise
    except ApiProblem as problem:
        if problem.status not in (400, 422):
            raise
        return EMPTY, problem.detail
