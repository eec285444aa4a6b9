"""A customer's change history (C4)."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from services.console.changes import ACTIONS, KINDS, label, shown
from services.console.signed_in import api, reader
from services.console.views.customer import dialog

blueprint = Blueprint("history", __name__)
PAGE_SIZE = 20


@blueprint.get("/customers/<customer_id>/changes")
@dialog
def changes(customer_id: str) -> Response:
    """The newest changes in a dialog; with a cursor, those after it."""
    cursor = request.args.get("cursor")
    page = api().get(f"/v1/customers/{customer_id}/changes", cursor=cursor, limit=PAGE_SIZE).body
    return make_response(
        render_template(
            "customer/changes_more.html" if cursor else "customer/changes.html",
            customer_id=customer_id,
            page=page,
            actions=ACTIONS,
            kinds=KINDS,
            label=label,
            shown=lambda name, value: shown(name, value, reader()),
        )
    )
