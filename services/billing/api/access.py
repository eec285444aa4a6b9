"""The address of customers' access."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.context import current_publisher_id, current_session
from servicekit.web.json_body import json_response
from services.billing.api.common import blueprint_of
from services.billing.queries.accounts import require_customer
from services.billing.queries.lists import list_access
from services.billing.schemas.common import CustomersPage
from services.billing.views.access import AccessPage

blueprint = blueprint_of("access", "Until when customers may use what, and why.")


@blueprint.get("")
@requires("billing:read")
@audited("billing.access.listed")
@blueprint.arguments(CustomersPage, location="query")
@blueprint.response(200, AccessPage)
@blueprint.doc(operationId="list_access")
def get_access(parameters: dict[str, Any]) -> Response:
    """List what a customer may use, and might once, newest first."""
    session, publisher_id = current_session(), current_publisher_id()
    require_customer(session, publisher_id, parameters["customer_id"])
    page = list_access(
        session,
        publisher_id=publisher_id,
        customer_id=parameters["customer_id"],
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
    )
    return json_response(page)
