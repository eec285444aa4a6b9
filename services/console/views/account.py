"""What the summary tells of a customer's billing account. Its own part, so that the rest doesn't wait for it."""

from __future__ import annotations

from flask import Blueprint, Response

from services.console.signed_in import api
from services.console.views.billing import BILLING, fragment, known
from services.console.views.customer import panel

blueprint = Blueprint("account", __name__)


@blueprint.get("/customers/<customer_id>/account")
@panel
def account(customer_id: str) -> Response:
    """Lifetime value, subscriptions, the next payment."""
    found = known(lambda: api().get(f"{BILLING}/customers/{customer_id}/account").body, otherwise=None)
    return fragment("billing/account.html", customer_id=customer_id, account=found)
