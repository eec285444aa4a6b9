"""Anonymizing a customer (C5): for good, after typing so, and with its progress."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request

from services.console.clients import ApiProblem, SessionEnded
from services.console.signed_in import api, member
from services.console.views.customer import dialog, display_name, read

blueprint = Blueprint("anonymizing", __name__)
WORD = "anonymize"
NOT_TYPED = f"Type {WORD} to go on."
CHANGED = "customer-changed"
ACCESS_ACTIVE = "access_active"
"""Billing's refusal where something still runs: then one can say that it is to end."""


@blueprint.get("/customers/<customer_id>/anonymize")
@dialog
def anonymize(customer_id: str) -> Response:
    """What it means, and the question."""
    if not member().may("customers:anonymize"):
        abort(403)
    return _question(customer_id, display_name(read(customer_id).body), secrets.token_hex(16))


@blueprint.post("/customers/<customer_id>/anonymize")
@dialog
def post_anonymize(customer_id: str) -> Response:
    """Do it, once, however often the form is sent."""
    key, title = request.form.get("key", ""), request.form.get("title", "")
    ending = request.form.get("end_access") == "yes"
    if request.form.get("word", "").strip().lower() != WORD:
        return _question(customer_id, title, key, error=NOT_TYPED, may_end=ending, ending=ending)
    try:
        body = {"end_access": ending}
        answer = api().post(f"/v1/customers/{customer_id}/anonymize", body, **{"Idempotency-Key": key})
    except SessionEnded:
        raise
    except ApiProblem as problem:
        may_end = ending or problem.code == ACCESS_ACTIVE
        return _question(customer_id, title, key, message=problem.detail, may_end=may_end, ending=ending)
    response = _progress(customer_id, answer.body)
    response.headers["HX-Trigger"] = CHANGED
    return response


@blueprint.get("/customers/<customer_id>/anonymization")
@dialog
def anonymization(customer_id: str) -> Response:
    """How far it is; afterwards, its receipt."""
    return _progress(customer_id, api().get(f"/v1/customers/{customer_id}/anonymization").body)


def _question(
    customer_id: str,
    title: str,
    key: str,
    *,
    error: str = "",
    message: str = "",
    may_end: bool = False,
    ending: bool = False,
) -> Response:
    return make_response(
        render_template(
            "customer/anonymize.html",
            customer_id=customer_id,
            title=title,
            key=key,
            word=WORD,
            error=error,
            message=message,
            may_end=may_end,
            ending=ending,
        )
    )


def _progress(customer_id: str, erasure: dict[str, Any]) -> Response:
    return make_response(render_template("customer/anonymization.html", customer_id=customer_id, erasure=erasure))
