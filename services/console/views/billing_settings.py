"""How the publisher bills: time zone, refunds, failed renewals, and what invoices say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from services.console.choices import time_zones
from services.console.clients import ApiProblem
from services.console.forms import Form
from services.console.signed_in import api, member
from services.console.views.billing import BILLING

PATH = f"{BILLING}/settings"
SCOPE = "billing:manage"
_SELLER = ("name", "address", "tax_id", "email")
_TYPED = ("time_zone", "refund_window_days", "dunning_days", *(f"seller_{name}" for name in _SELLER))

blueprint = Blueprint("billing_settings", __name__)


@blueprint.before_request
def only_for_managers() -> None:
    """What the API would refuse isn't shown."""
    if not member().may(SCOPE):
        abort(403)


@blueprint.get("/settings/billing")
def settings() -> Response:
    """The form."""
    answer = api().get(PATH)
    return _form(Form({**_shown(answer.body), "version": answer.headers.get("ETag", "")}))


@blueprint.post("/settings/billing")
def edit_settings() -> Response:
    """Change what differs; only against the version that the form was made from."""
    values = {name: request.form.get(name, "").strip().replace("\r\n", "\n") for name in (*_TYPED, "version")}
    try:
        api().send("PATCH", PATH, json=_body(values), headers={"If-Match": values["version"]})
    except ApiProblem as problem:
        if problem.status not in (409, 412, 422):
            raise
        if problem.status == 412:
            values["version"] = api().get(PATH).headers.get("ETag", "")
        return _form(_refused(values, problem), problem.status)
    return make_response(redirect(url_for("billing_settings.settings", saved=1), 303))


def _body(values: Mapping[str, str]) -> dict[str, Any]:
    window = values["refund_window_days"]
    days = re.split(r"[\s,;]+", values["dunning_days"].strip(" ,;")) if values["dunning_days"] else []
    return {
        "time_zone": values["time_zone"],
        "refund_window_days": _whole(window) if window else None,
        "dunning_days": [_whole(day) for day in days],
        "seller": {name: values[f"seller_{name}"] or None for name in _SELLER},
    }


def _whole(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _shown(present: Mapping[str, Any]) -> dict[str, str]:
    return {
        "time_zone": str(present["time_zone"]),
        "refund_window_days": str(present["refund_window_days"] or ""),
        "dunning_days": ", ".join(str(day) for day in present["dunning_days"]),
        **{f"seller_{name}": str(present["seller"].get(name) or "") for name in _SELLER},
    }


def _refused(values: Mapping[str, str], problem: ApiProblem) -> Form:
    """The form again; of the seller each field has its own error."""
    form = Form.refused(values, problem)
    seller = {
        where.removeprefix("/").replace("/", "_"): message
        for where, message in problem.errors.items()
        if where.startswith("/seller/")
    }
    return Form(form.values, {**form.errors, **seller}, form.message)


def _form(form: Form, status: int = 200) -> Response:
    present = form.value("time_zone")
    zones = [(zone, zone) for zone in time_zones()]
    if present and present not in time_zones():
        zones.insert(0, (present, present))
    saved = "saved" in request.args and status == 200
    return make_response(render_template("settings/billing.html", form=form, zones=zones, saved=saved), status)
