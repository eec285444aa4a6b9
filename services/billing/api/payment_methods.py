"""The addresses of payment details."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from servicekit import clock
from servicekit.errors import Problem, Unavailable
from servicekit.web.access import requires
from servicekit.web.afterwards import afterwards
from servicekit.web.auditing import audited
from servicekit.web.context import about, current_caller, current_publisher_id, current_session
from servicekit.web.describing import IDEMPOTENCY_KEY, IF_MATCH, WITH_ETAG
from servicekit.web.etag import if_match
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from services.billing.actions.detaching import delete_method
from services.billing.actions.payment_methods import attach_method, edit_method
from services.billing.api.common import blueprint_of, capabilities, carry_out, registry, shown
from services.billing.errors import PaymentMethodNotFound, ProviderRefusal
from services.billing.models.payment_methods import PaymentMethod
from services.billing.providers.port import MethodDetails, ProviderError, ProviderRefused
from services.billing.queries.accounts import require_customer, version_token
from services.billing.queries.lists import list_payment_methods
from services.billing.queries.methods import may_delete, relying_on
from services.billing.queries.rows import find
from services.billing.queries.stores import stores_of
from services.billing.schemas.common import CustomersPage
from services.billing.schemas.purchases import AttachMethod
from services.billing.schemas.subscriptions import EditMethod
from services.billing.views.payment_methods import (
    DeletionConsequences,
    PaymentMethodPage,
    PaymentMethodView,
    payment_method_state,
)

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
    stores = stores_of(
        session,
        publisher_id=publisher_id,
        customer_id=parameters["customer_id"],
        capabilities_of=lambda name: capabilities(publisher_id, name),
    )
    return json_response({**page, "stores": stores})


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


@blueprint.get("/<payment_method_id>/consequences")
@requires("billing:read")
@audited("billing.payment_method.read", subject="payment_method_id")
@blueprint.response(200, DeletionConsequences)
@blueprint.doc(operationId="get_payment_method_consequences")
def get_consequences(payment_method_id: str) -> Response:
    """What the deletion of payment details would mean: the renewals that rely on them, with dates and amounts."""
    session, publisher_id = current_session(), current_publisher_id()
    method = find(session, PaymentMethod, publisher_id, payment_method_id, PaymentMethodNotFound)
    about(method.customer_id)
    refusal = None
    try:
        may_delete(session, method, capabilities(publisher_id, method.provider))
    except Problem as problem:
        refusal = problem
    told = {
        "allowed": refusal is None,
        "code": refusal.code if refusal else None,
        "reason": refusal.detail if refusal else None,
        "items": relying_on(session, method, now=clock.now()),
        "next_cursor": None,
    }
    return json_response(told)


@blueprint.delete("/<payment_method_id>")
@requires("billing:write")
@audited("billing.payment_method.deleted", subject="payment_method_id")
@idempotent
@blueprint.response(200, PaymentMethodView, headers=WITH_ETAG)
@blueprint.alt_response(
    202, schema=PaymentMethodView, description="No longer used; the provider has not answered yet and is asked again."
)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="delete_payment_method")
def delete_payment_method(payment_method_id: str) -> Response:
    """Delete payment details, at the provider too. Renewals that relied on them use the default ones, or fail.

    Where the provider refuses they are `active` again.
    """
    publisher_id = current_publisher_id()
    deletion = delete_method(
        current_session(),
        publisher_id=publisher_id,
        payment_method_id=payment_method_id,
        capabilities_of=lambda name: capabilities(publisher_id, name),
        requested_by=current_caller().actor_id,
        now=clock.now(),
    )
    if deletion.operation is not None:
        afterwards(
            carry_out(deletion.operation.id, lambda later, publisher: _told(later, publisher, payment_method_id))
        )
    return _told(current_session(), publisher_id, payment_method_id)


@blueprint.patch("/<payment_method_id>")
@requires("billing:write")
@audited("billing.payment_method.edited", subject="payment_method_id")
@blueprint.arguments(EditMethod)
@blueprint.response(200, PaymentMethodView, headers=WITH_ETAG)
@blueprint.doc(parameters=[IF_MATCH], operationId="edit_payment_method")
def patch_payment_method(body: dict[str, Any], payment_method_id: str) -> Response:
    """Make payment details the default ones, or no longer."""
    session, publisher_id = current_session(), current_publisher_id()
    edit_method(
        session,
        publisher_id=publisher_id,
        payment_method_id=payment_method_id,
        is_default=body["is_default"],
        expected_version=if_match(),
        now=clock.now(),
    )
    return _told(session, publisher_id, payment_method_id)


def _told(session: Session, publisher_id: str, payment_method_id: str) -> Response:
    method = find(session, PaymentMethod, publisher_id, payment_method_id, PaymentMethodNotFound)
    return shown(
        payment_method_state(method, now=clock.now()),
        status=202 if method.status == "detaching" else 200,
        token=version_token(session, publisher_id, method.customer_id),
    )


def _described(publisher_id: str, name: str, token: str) -> MethodDetails:
    try:
        return registry().of(publisher_id, name).describe(token)
    except ProviderRefused as refused:
        raise ProviderRefusal(refused.code, refused.message) from refused
    except ProviderError as error:
        raise Unavailable(f"The payment provider {name} can't be reached right now. Nothing was changed.") from error
