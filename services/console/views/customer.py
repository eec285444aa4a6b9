"""One customer's page: a frame, and panels that are asked for one by one."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template

from services.console.clients import ApiProblem
from services.console.panels import PANELS
from services.console.signed_in import api, member

blueprint = Blueprint("customer", __name__)
_CUSTOMER_ID = re.compile(r"cus_[a-z0-9]{10,40}\Z")


@blueprint.get("/customers/<customer_id>")
def frame(customer_id: str) -> Response:
    """The page with who it is about; the other panels come by themselves."""
    _check(customer_id)
    customer, problem = None, None
    try:
        customer = _customer(customer_id)
    except ApiProblem as error:
        if error.status < 500:
            raise
        problem = error
    panels = [panel for panel in PANELS if member().may(panel.scope)]
    return make_response(
        render_template(
            "customer/frame.html", customer_id=customer_id, customer=customer, problem=problem, panels=panels
        )
    )


@blueprint.get("/customers/<customer_id>/summary")
def summary(customer_id: str) -> Response:
    """Who the customer is."""
    _check(customer_id)
    return make_response(render_template("customer/summary.html", customer=_customer(customer_id)))


def _customer(customer_id: str) -> dict[str, Any]:
    return dict(api().get(f"/v1/customers/{customer_id}").body)


def _check(customer_id: str) -> None:
    """An ID of the right form, so that an address of the API can be made of it. Raises NotFound."""
    if not _CUSTOMER_ID.match(customer_id):
        abort(404)
