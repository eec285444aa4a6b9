"""The address of customers' access."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit import clock
from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.context import current_caller, current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY, VERSION_TOKEN, WITH_ETAG
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from services.billing import events
from services.billing.actions.extensions import extend_access
from services.billing.api.common import blueprint_of, shown
from services.billing.queries.accounts import require_customer, version_token
from services.billing.queries.lists import list_access
from services.billing.schemas.common import CustomersPage
from services.billing.schemas.transactions import EXTENSION, ExtendAccess
from services.billing.views.access import AccessPage, AccessState, access_state

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


@blueprint.post("/<access_id>/extend")
@requires("billing:write")
@audited("billing.access.extended", subject="access_id")
@idempotent
@blueprint.arguments(ExtendAccess, example=EXTENSION)
@blueprint.response(200, AccessState, headers={**WITH_ETAG, **VERSION_TOKEN})
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="extend_access")
def post_extend(body: dict[str, Any], access_id: str) -> Response:
    """Extend access, also one that is over. What is charged, and when, stays as it is."""
    session, publisher_id = current_session(), current_publisher_id()
    access = extend_access(
        session, publisher_id=publisher_id, access_id=access_id, data=body,
        extended_by=current_caller().actor_id, now=clock.now(),
    )  # fmt: skip
    token = version_token(session, publisher_id, access.customer_id)
    return shown(access_state(access, events.offer_of(session, access.offer_id)), token=token)
