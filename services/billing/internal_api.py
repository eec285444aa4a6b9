"""Addresses for our own services only; the gateway does not lead here."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from servicekit import clock
from servicekit.web.access import requires
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_session, kit
from servicekit.web.fields import TrueOrFalse
from servicekit.web.json_body import json_response
from services.billing.actions.closing import close_account
from services.billing.queries import feeds
from services.billing.queries.invoices import invoice_told

blueprint = ServiceBlueprint("internal", __name__, url_prefix="/internal", description="For our own services.")
_FEEDS = {
    "accounts": feeds.accounts_feed,
    "transactions": feeds.transactions_feed,
    "subscriptions": feeds.subscriptions_feed,
    "payment_methods": feeds.payment_methods_feed,
}


class FeedParameters(Schema):
    """Where to go on, and how far."""

    cursor = fields.String(validate=validate.Length(max=500))
    limit = fields.Integer(load_default=500, validate=validate.Range(1, 2000))


@blueprint.get("/feed/<any(accounts, transactions, subscriptions, payment_methods):noun>")
@requires("billing:feed", as_system=True)
@blueprint.arguments(FeedParameters, location="query")
def get_feed(parameters: dict[str, Any], noun: str) -> Response:
    """Every publisher's things of a kind in their present state, page by page."""
    page = _FEEDS[noun](current_session(), cursor=parameters.get("cursor"), limit=parameters["limit"])
    return Response(page.to_json(), content_type="application/json")


class WhoseInvoice(Schema):
    """At which publisher."""

    publisher_id = fields.String(required=True, validate=validate.Length(1, 64))


@blueprint.get("/invoices/<invoice_id>")
@requires("billing:feed", as_system=True)
@blueprint.arguments(WhoseInvoice, location="query")
def get_invoice(parameters: dict[str, Any], invoice_id: str) -> Response:
    """An invoice or credit note of this publisher."""
    publisher_id = parameters["publisher_id"]
    with kit().database.transaction(publisher_id) as session:
        return json_response(invoice_told(session, publisher_id=publisher_id, invoice_id=invoice_id))


class CloseAccount(Schema):
    """Whose account, and whether what still runs is to end."""

    publisher_id = fields.String(required=True, validate=validate.Length(1, 64))
    end_access = TrueOrFalse(required=True)


@blueprint.post("/accounts/<customer_id>/close")
@requires("billing:close", as_system=True)
@blueprint.arguments(CloseAccount)
def post_close(body: dict[str, Any], customer_id: str) -> Response:
    """Close a customer's account, so that nothing is bought any more. Asking again changes nothing."""
    publisher_id = body["publisher_id"]
    with kit().database.transaction(publisher_id) as session:
        account = close_account(
            session,
            publisher_id=publisher_id,
            customer_id=customer_id,
            end_running=body["end_access"],
            now=clock.now(),
        )
        return json_response({"customer_id": customer_id, "status": account.status})
