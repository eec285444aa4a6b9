"""Deleting payment details (P3): what relies on them is shown first."""

from __future__ import annotations

from flask import Blueprint, Response

from services.console.clients import ApiProblem, SessionEnded
from services.console.consequences import told
from services.console.forms import Form
from services.console.signed_in import api, reader
from services.console.views.billing import (
    BILLING,
    done,
    fragment,
    fresh_key,
    key_after,
    of_this,
    require_write,
    send,
)
from services.console.views.customer import dialog

blueprint = Blueprint("payment_details", __name__)
_PLACE = "/customers/<customer_id>/payment-methods/<payment_method_id>/delete"
_REFUSED = "The payment provider didn't delete them. They stay on file, and are no longer the default."


@blueprint.get(_PLACE)
@dialog
def delete(customer_id: str, payment_method_id: str) -> Response:
    """What deleting brings about, and the question."""
    require_write()
    return _question(customer_id, payment_method_id, Form(), fresh_key())


@blueprint.post(_PLACE)
@dialog
def post_delete(customer_id: str, payment_method_id: str) -> Response:
    """Delete them, at the provider too."""
    require_write()
    _read(customer_id, payment_method_id)
    try:
        method = send("DELETE", f"payment_methods/{payment_method_id}")
    except SessionEnded:
        raise
    except ApiProblem as problem:
        return _question(customer_id, payment_method_id, Form.refused({}, problem), key_after(problem))
    if method["status"] == "active":
        return _question(customer_id, payment_method_id, Form(message=_REFUSED), fresh_key())
    return done("Payment details deleted." if method["status"] == "detached" else "Payment details are being deleted.")


def _question(customer_id: str, payment_method_id: str, form: Form, key: str) -> Response:
    method = _read(customer_id, payment_method_id)
    can = api().get(f"{BILLING}/payment_methods/{payment_method_id}/consequences").body
    return fragment(
        "billing/delete.html" if can["allowed"] or form.message else "billing/refused.html",
        customer_id=customer_id,
        method_on_file=method,
        can=can,
        form=form,
        key=key,
        told=lambda consequence: told(consequence, reader()),
    )


def _read(customer_id: str, payment_method_id: str) -> dict[str, object]:
    return dict(of_this(customer_id, api().get(f"{BILLING}/payment_methods/{payment_method_id}").body))
