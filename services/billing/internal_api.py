"""Addresses for our own services only; the gateway does not lead here."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from servicekit.web.access import requires
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_session
from services.billing.queries import feeds

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
