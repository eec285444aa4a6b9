"""Managing offers: what is sold, at which price, and what isn't any more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from services.console.clients import ApiProblem
from services.console.forms import Form
from services.console.money import plain, typed
from services.console.selling import OFFER_KINDS, UNITS
from services.console.signed_in import api, member, reader
from services.console.views.billing import BILLING, fresh_key, key, key_after

PATH = f"{BILLING}/offers"
SCOPE = "billing:manage"
_OFFER_ID = re.compile(r"off_[a-z0-9]{10,40}\Z")
_THEIRS = (409, 422)
_TYPED = ("name", "external_id", "kind", "amount", "currency", "tax_percent", "count", "unit", "trial_days", "status")
_RECURRING = ("subscription", "pass")

blueprint = Blueprint("offers", __name__)


@blueprint.before_request
def only_for_managers() -> None:
    """What the API would refuse isn't shown."""
    if not member().may(SCOPE):
        abort(403)


@blueprint.get("/settings/offers")
def offer_list() -> Response:
    """What is sold, newest first; on request what isn't any more."""
    status = "retired" if request.args.get("status") == "retired" else "active"
    page = api().get(PATH, status=status, cursor=request.args.get("cursor"), limit=50).body
    return make_response(render_template("settings/offers.html", page=page, status=status))


@blueprint.get("/settings/offers/new")
def new_offer() -> Response:
    """The form for a new one."""
    blank = {"kind": "subscription", "count": "1", "unit": "month", "tax_percent": "0", "trial_days": "0"}
    return _new(Form(blank), fresh_key())


@blueprint.post("/settings/offers/new")
def add_offer() -> Response:
    """Make it."""
    values = _values()
    try:
        api().post(PATH, {**_body(values), "kind": values["kind"]}, **{"Idempotency-Key": key()})
    except ApiProblem as problem:
        if problem.status not in _THEIRS:
            raise
        return _new(_refused(values, problem), key_after(problem), problem.status)
    return make_response(redirect(url_for("offers.offer_list"), 303))


@blueprint.get("/settings/offers/<offer_id>")
def edit_form(offer_id: str) -> Response:
    """The form for one of them."""
    _check(offer_id)
    answer = api().get(f"{PATH}/{offer_id}")
    return _edit(answer.body, Form({**_shown(answer.body), "version": answer.headers.get("ETag", "")}))


@blueprint.post("/settings/offers/<offer_id>")
def edit_offer(offer_id: str) -> Response:
    """Change it; only against the version that the form was made from."""
    _check(offer_id)
    values = {**_values(), "version": request.form.get("version", "")}
    present = api().get(f"{PATH}/{offer_id}")
    values["kind"] = str(present.body["kind"])
    body = {**_body(values), "status": values["status"] or "active"}
    try:
        api().send("PATCH", f"{PATH}/{offer_id}", json=body, headers={"If-Match": values["version"]})
    except ApiProblem as problem:
        if problem.status not in (*_THEIRS, 412):
            raise
        if problem.status == 412:
            values["version"] = present.headers.get("ETag", "")
        return _edit(present.body, _refused(values, problem), problem.status)
    return make_response(redirect(url_for("offers.offer_list"), 303))


def _values() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in _TYPED}


def _body(values: Mapping[str, str]) -> dict[str, Any]:
    """What the API is to be sent; what can't be one of its values it says itself."""
    recurring = values["kind"] in _RECURRING
    return {
        "name": values["name"],
        "external_id": values["external_id"] or None,
        "price": {"amount": typed(values["amount"], reader().locale), "currency": values["currency"].upper()},
        "tax_percent": typed(values["tax_percent"] or "0", reader().locale),
        "period": {"unit": values["unit"], "count": _whole(values["count"])} if recurring else None,
        "trial_days": _whole(values["trial_days"] or "0") if values["kind"] == "subscription" else 0,
    }


def _whole(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _shown(offer: Mapping[str, Any]) -> dict[str, str]:
    """An offer as the form has it."""
    period = offer["period"] or {"unit": "month", "count": 1}
    return {
        **{name: str(offer[name] or "") for name in ("name", "external_id", "kind", "status")},
        "amount": plain(offer["price"], reader().locale),
        "currency": str(offer["price"]["currency"]),
        "tax_percent": str(offer["tax_percent"]),
        "count": str(period["count"]),
        "unit": str(period["unit"]),
        "trial_days": str(offer["trial_days"]),
    }


def _refused(values: Mapping[str, str], problem: ApiProblem) -> Form:
    """The form again; what is wrong with a price or a period is said at the field of its that it is about."""
    form = Form.refused(values, problem)
    errors = dict(form.errors)
    for where, message in problem.errors.items():
        if where.startswith("/price"):
            errors["currency" if where == "/price/currency" else "amount"] = message
        if where.startswith("/period"):
            errors["unit" if where == "/period/unit" else "count"] = message
    return Form(form.values, errors, form.message)


def _new(form: Form, key: str, status: int = 200) -> Response:
    shown = render_template("settings/offer_new.html", form=form, key=key, kinds=OFFER_KINDS, units=UNITS)
    return make_response(shown, status)


def _edit(offer: Mapping[str, Any], form: Form, status: int = 200) -> Response:
    shown = render_template("settings/offer_edit.html", offer=offer, form=form, kinds=OFFER_KINDS, units=UNITS)
    return make_response(shown, status)


def _check(offer_id: str) -> None:
    """An ID of the right form, so that an address of the API can be made of it. Raises NotFound."""
    if not _OFFER_ID.match(offer_id):
        abort(404)
