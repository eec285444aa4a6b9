"""The addresses of payment details."""

from __future__ import annotations

from typing import Any

from flask import Response

from servicekit import clock
from servicekit.errors import Unavailable
from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.context import current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY, WITH_ETAG
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from services.billing.actions.payment_methods import attach_method
from services.billing.api.common import blueprint_of, registry, shown
from services.billing.errors import PaymentMethodNotFound, ProviderRefusal
from services.billing.models.payment_methods import PaymentMethod
from services.billing.providers.port import MethodDetails, ProviderError, ProviderRefused
from services.billing.queries.accounts import require_customer
from services.billing.queries.lists import list_payment_methods
from services.billing.queries.rows import find
from services.billing.schemas.common import CustomersPage
from services.billing.schemas.purchases import AttachMethod
from services.billing.views.payment_methods import PaymentMethodPage, PaymentMethodView, payment_method_state

blueprint = blueprint_of("payment_methods", "Payment details on file: a provider's tokens, never card numbers.")


@blueprint.get("")
@requires("billing:read")
@audited("billing.payment_method.listed")
@blueprint.arguments(CustomersPage, location="query")
@blueprint.response(200, PaymentMethodPage)
@blueprint.doc(operationId="list_payment_methods")
def get_payment_methods(parameters: dict[str, Any]) -> Response:
    """List a customer's payment details, newest first."""
    session, publisher_id = current_session(), current_publisher_id()
    require_customer(session, publisher_id, parameters["customer_id"])
    page = list_payment_methods(
        session,
        publisher_id=publisher_id,
        customer_id=parameters["customer_id"],
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
        now=clock.now(),
    )
    return json_response(page)


@blueprint.post("")
@requires("billing:write")
@audited("billing.payment_method.attached")
@idempotent
@blueprint.arguments(AttachMethod)
@blueprint.response(201, PaymentMethodView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="attach_payment_method")
def post_payment_method(body: dict[str, Any]) -> Response:
    """Put payment details on file. The same token's details again are found, not doubled."""
    publisher_id, now = current_publisher_id(), clock.now()
    # Before the transaction is begun: no provider is called inside one.
    details = _described(publisher_id, body["provider"], body["token"])
    method = attach_method(
        current_session(),
        publisher_id=publisher_id,
        customer_id=body["customer_id"],
        provider=body["provider"],
        details=details,
        make_default=body["make_default"],
        now=now,
    )
    return shown(payment_method_state(method, now=now), status=201, place=f"payment_methods/{method.id}")


@blueprint.get("/<payment_method_id>")
@requires("billing:read")
@audited("billing.payment_method.read", subject="payment_method_id")
@blueprint.response(200, PaymentMethodView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_payment_method")
def get_payment_method(payment_method_id: str) -> Response:
    """Read payment details."""
    method = find(current_session(), PaymentMethod, current_publisher_id(), payment_method_id, PaymentMethodNotFound)
    return shown(payment_method_state(method, now=clock.now()))


def _described(publisher_id: str, name: str, token: str) -> MethodDetails:
    try:
        return registry().of(publisher_id, name).describe(token)
    except ProviderRefused as refused:
        raise ProviderRefusal(refused.code, refused.message) from refused
    except ProviderError as error:
        raise Unavailable(f"The payment provider {name} can't be reached right now. Nothing was changed.") from error
