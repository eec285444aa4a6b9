"""One customer's page: a frame, and panels that are asked for one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, cast

import httpx2
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request

from services.console.clients import Answer, ApiProblem, NotReachable, SessionEnded
from services.console.panels import PANELS, SUMMARY
from services.console.protection import WITH_FRAMES
from services.console.signed_in import api, member
from services.console.views.pages import is_fragment

blueprint = Blueprint("customer", __name__)
View = Callable[..., Response]
_ID = re.compile(r"[a-z]+_[a-z0-9]{10,40}")
_PREFIXES = {
    "customer_id": "cus_",
    "payment_method_id": "pm_",
    "subscription_id": "sub_",
    "transaction_id": "txn_",
    "access_id": "acc_",
    "invoice_id": "inv_",
    "email_id": "eml_",
}
# How long the page itself waits for the customer, whom its title names. A panel waits longer, by itself.
FIRST_LOOK = httpx2.Timeout(1.5)
# What a panel can tell of, while the others go on.
_OF_A_PANEL = (429, 500, 502, 503, 504)


def a_customers_own(view: View) -> View:
    """A view below a customer's address: only for IDs of the right form, so that an address of the API can be made."""

    @wraps(view)
    def checked(**ids: str) -> Response:
        if not all(_ID.fullmatch(value) and value.startswith(_PREFIXES[name]) for name, value in ids.items()):
            abort(404)
        return view(**ids)

    return checked


def panel(view: View) -> View:
    """A panel's inside. When its service fails it says so and offers to try again."""

    @wraps(view)
    def shown(**ids: str) -> Response:
        try:
            return view(**ids)
        except SessionEnded:
            raise
        except ApiProblem as problem:
            if problem.status not in _OF_A_PANEL:
                raise
            # 200 for a script: the browser's console is for defects, and this is told in its place.
            status = 200 if is_fragment() else problem.status
            return make_response(render_template("customer/panel_failure.html", problem=problem), status)

    return a_customers_own(shown)


def dialog(view: View) -> View:
    """The inside of a dialog on a customer's page, which is shown where a script doesn't ask for it."""

    @wraps(view)
    def shown(**ids: str) -> Response:
        if not is_fragment() and request.method == "GET":
            return make_response(redirect(f"/console/customers/{ids['customer_id']}", 303))
        return view(**ids)

    return a_customers_own(shown)


@blueprint.get("/customers/<customer_id>")
@a_customers_own
def frame(customer_id: str) -> Response:
    """The page. Its summary is in it, unless that takes long; the other panels come by themselves."""
    panels = [each for each in PANELS if member().may(each.scope)]
    customer = _first_look(customer_id) if SUMMARY in panels else None
    page = make_response(
        render_template(
            "customer/frame.html",
            customer_id=customer_id,
            customer=customer,
            panels=panels,
            title=display_name(customer) if customer else None,
        )
    )
    page.headers["Content-Security-Policy"] = WITH_FRAMES
    return page


@blueprint.get("/customers/<customer_id>/summary")
@panel
def summary(customer_id: str) -> Response:
    """Who the customer is."""
    return make_response(summary_of(read(customer_id).body))


def summary_of(customer: Mapping[str, Any]) -> str:
    """The summary panel's inside."""
    return render_template("customer/summary.html", customer=customer, title=display_name(customer))


def read(customer_id: str) -> Answer:
    """The customer as the API has it now. Raises ApiProblem."""
    return api().get(f"/v1/customers/{customer_id}")


def display_name(customer: Mapping[str, Any]) -> str:
    """What a customer is called on top of things: name, else email, else ID."""
    name = " ".join(part for part in (customer["first_name"], customer["last_name"]) if part)
    return cast("str", name or customer["email"] or customer["id"])


def _first_look(customer_id: str) -> Mapping[str, Any] | None:
    """The customer; None where nobody answers soon enough. Raises ApiProblem where there is none to show."""
    try:
        return cast("Mapping[str, Any]", api().send("GET", f"/v1/customers/{customer_id}", timeout=FIRST_LOOK).body)
    except NotReachable:
        return None
    except ApiProblem as problem:
        if problem.status not in _OF_A_PANEL:
            raise
        return None
