"""A customer's billing account."""

from __future__ import annotations

from flask import Response

from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_publisher_id, current_session
from servicekit.web.describing import WITH_ETAG
from services.billing.api.common import PREFIX, shown
from services.billing.queries.accounts import get_account
from services.billing.views.accounts import AccountView, account_state

blueprint = ServiceBlueprint(
    "accounts",
    __name__,
    url_prefix=f"{PREFIX}/customers",
    description="What a customer has bought and paid, in figures.",
)


@blueprint.get("/<customer_id>/account")
@requires("billing:read")
@audited("billing.account.read", subject="customer_id")
@blueprint.response(200, AccountView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_billing_account")
def get_billing_account(customer_id: str) -> Response:
    """Read a customer's billing account."""
    return shown(account_state(get_account(current_session(), current_publisher_id(), customer_id)))
