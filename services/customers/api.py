"""The service's addresses: parse, call one action or query, present."""

from __future__ import annotations

from typing import Any, cast

from flask import Response

from servicekit import clock
from servicekit.clock import rfc3339
from servicekit.etag import etag
from servicekit.web.access import requires
from servicekit.web.auditing import audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import about, current_caller, current_publisher_id, current_session, kit
from servicekit.web.describing import IDEMPOTENCY_KEY, IF_MATCH, VERSION_TOKEN, WITH_ETAG
from servicekit.web.etag import if_match
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from servicekit.web.presenting import refuse_personal
from services.customers import actions, erasure, queries
from services.customers.billing_desk import BillingDesk
from services.customers.openapi import CHANGED_MEANWHILE, ChangedMeanwhileView
from services.customers.schemas import Anonymize, CreateCustomer, EditCustomer, ListCustomers, Page, RecordLogin
from services.customers.views import (
    ChangePage,
    CustomerPage,
    CustomerView,
    ErasureView,
    LoginView,
    customer_state,
)

blueprint = ServiceBlueprint(
    "customers", __name__, url_prefix="/v1/customers", description="Customers and their history."
)


@blueprint.post("")
@requires("customers:write")
@audited("customers.customer.created")
@idempotent
@blueprint.arguments(CreateCustomer)
@blueprint.response(201, CustomerView, headers={**WITH_ETAG, **VERSION_TOKEN})
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="create_customer")
def post_customer(body: dict[str, Any]) -> Response:
    """Create a customer."""
    customer = actions.create_customer(
        current_session(), publisher_id=current_publisher_id(), data=body, editor=current_caller(), now=clock.now()
    )
    return _shown(customer, status=201)


@blueprint.get("")
@requires("customers:read")
@audited("customers.customer.listed")
@blueprint.arguments(ListCustomers, location="query")
@blueprint.response(200, CustomerPage)
@blueprint.doc(operationId="list_customers")
def get_customers(parameters: dict[str, Any]) -> Response:
    """List customers, newest first, or the ones with an email address or external ID.

    Without the scope `personal:read` nobody can be asked for by either.
    """
    refuse_personal(parameters, ("email", "external_id"))
    page = queries.list_customers(
        current_session(),
        publisher_id=current_publisher_id(),
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
        email=parameters.get("email"),
        external_id=parameters.get("external_id"),
    )
    return json_response(page)


@blueprint.get("/<customer_id>")
@requires("customers:read")
@audited("customers.customer.read", subject="customer_id")
@blueprint.response(200, CustomerView, headers=WITH_ETAG)
@blueprint.doc(operationId="get_customer")
def get_customer(customer_id: str) -> Response:
    """Read a customer."""
    return _shown(queries.get_customer(current_session(), current_publisher_id(), customer_id))


@blueprint.patch("/<customer_id>")
@requires("customers:write")
@audited("customers.customer.edited", subject="customer_id")
@blueprint.arguments(EditCustomer)
@blueprint.response(200, CustomerView, headers={**WITH_ETAG, **VERSION_TOKEN})
@blueprint.alt_response(412, schema=ChangedMeanwhileView, **CHANGED_MEANWHILE)
@blueprint.doc(parameters=[IF_MATCH], operationId="edit_customer")
def patch_customer(body: dict[str, Any], customer_id: str) -> Response:
    """Edit a customer. What is absent stays, null clears."""
    customer = actions.edit_customer(
        current_session(),
        publisher_id=current_publisher_id(),
        customer_id=customer_id,
        data=body,
        expected_revision=if_match(),
        editor=current_caller(),
        now=clock.now(),
    )
    return _shown(customer)


@blueprint.get("/<customer_id>/changes")
@requires("customers:read")
@audited("customers.history.read", subject="customer_id")
@blueprint.arguments(Page, location="query")
@blueprint.response(200, ChangePage)
@blueprint.doc(operationId="list_customer_changes")
def get_changes(parameters: dict[str, Any], customer_id: str) -> Response:
    """Read a customer's change history, newest first."""
    page = queries.list_changes(
        current_session(),
        publisher_id=current_publisher_id(),
        customer_id=customer_id,
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
    )
    return json_response(page)


@blueprint.post("/<customer_id>/logins")
@requires("customers:write")
@audited("customers.login.recorded", subject="customer_id")
@idempotent
@blueprint.arguments(RecordLogin, required=False)
@blueprint.response(201, LoginView, headers=VERSION_TOKEN)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="record_login")
def post_login(body: dict[str, Any], customer_id: str) -> Response:
    """Record a login. The same customer and time again change nothing."""
    about(customer_id)
    now = clock.now()
    session = current_session()
    login = actions.record_login(
        session,
        publisher_id=current_publisher_id(),
        customer_id=customer_id,
        at=body.get("at") or now,
        now=now,
    )
    told = {"id": login.id, "customer_id": login.customer_id, "at": rfc3339(login.at)}
    return json_response(told, 201, _version_token(queries.locked_customer(session, customer_id)))


@blueprint.post("/<customer_id>/anonymize")
@requires("customers:anonymize")
@audited("customers.customer.anonymized", subject="customer_id")
@idempotent
@blueprint.arguments(Anonymize)
@blueprint.response(202, ErasureView, headers=VERSION_TOKEN)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="anonymize_customer")
def post_anonymize(body: dict[str, Any], customer_id: str) -> Response:
    """Anonymize a customer, for good. The answer tells how far it is; asking again tells it anew.

    Refused while the customer has access, unless `end_access` says that it is to end, too.
    """
    session, publisher_id = current_session(), current_publisher_id()
    if queries.get_customer(session, publisher_id, customer_id).status != "anonymized":
        desk = cast("BillingDesk", kit().extras["billing"])
        desk.close_account(publisher_id, customer_id, end_access=body["end_access"])
    entry = erasure.anonymize_customer(
        session,
        publisher_id=publisher_id,
        customer_id=customer_id,
        participants=kit().extras["erasure_participants"],  # type: ignore[arg-type]
        editor=current_caller(),
        now=clock.now(),
    )
    token = _version_token(queries.locked_customer(session, customer_id))
    return json_response(erasure.erasure_state(session, entry), 202, token)


@blueprint.get("/<customer_id>/anonymization")
@requires("customers:read")
@audited("customers.anonymization.read", subject="customer_id")
@blueprint.response(200, ErasureView)
@blueprint.doc(operationId="get_anonymization")
def get_anonymization(customer_id: str) -> Response:
    """Read how far a customer's anonymization is; afterwards, its receipt."""
    session = current_session()
    entry = queries.get_erasure(session, current_publisher_id(), customer_id)
    return json_response(erasure.erasure_state(session, entry))


def _shown(customer: Any, status: int = 200) -> Response:
    about(customer.id)
    headers = {"ETag": etag(customer.revision), **_version_token(customer)}
    if status == 201:
        headers["Location"] = f"/v1/customers/{customer.id}"
    return json_response(customer_state(customer), status, headers)


def _version_token(customer: Any) -> dict[str, str]:
    return {"Version-Token": f"{customer.id}.{customer.version}"}
