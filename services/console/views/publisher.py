"""The publisher's settings, and passing on the ownership."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from services.console.choices import language_choices, time_zones
from services.console.clients import ApiProblem
from services.console.forms import Form
from services.console.signed_in import api, member

PATH = "/v1/identity/publisher"
SCOPE = "identity:manage"
_FIELDS = ("name", "time_zone", "language", "currency", "website_url", "offer_url_template", "support_email")
# These have a value always; the others may be empty.
_ALWAYS = ("name", "time_zone", "language")

blueprint = Blueprint("publisher", __name__)


@blueprint.before_request
def only_for_managers() -> None:
    """What the API would refuse isn't shown."""
    if not member().may(SCOPE):
        abort(403)


@blueprint.get("/settings/publisher")
def settings() -> Response:
    """The form."""
    answer = api().get(PATH)
    values = {name: str(answer.body.get(name) or "") for name in _FIELDS}
    return _form(Form({**values, "version": answer.headers.get("ETag", "")}))


@blueprint.post("/settings/publisher")
def edit_settings() -> Response:
    """Change what differs; only against the version that the form was made from."""
    values = {name: request.form.get(name, "").strip() for name in (*_FIELDS, "version")}
    body = {name: values[name] or (values[name] if name in _ALWAYS else None) for name in _FIELDS}
    try:
        api().send("PATCH", PATH, json=body, headers={"If-Match": values["version"]})
    except ApiProblem as problem:
        if problem.status not in (409, 412, 422):
            raise
        if problem.status == 412:
            values["version"] = api().get(PATH).headers.get("ETag", "")
        return _form(Form.refused(values, problem), problem.status)
    return make_response(redirect(url_for("publisher.settings", saved=1), 303))


@blueprint.get("/settings/ownership")
def ownership() -> Response:
    """The form that passes the ownership on."""
    _require_owner()
    return _ownership(Form())


@blueprint.post("/settings/ownership")
def transfer_ownership() -> Response:
    """Pass it on; one is an admin afterwards."""
    _require_owner()
    body = {name: request.form.get(name, "") for name in ("staff_id", "password")}
    try:
        api().post(f"{PATH}/transfer_ownership", body)
    except ApiProblem as problem:
        if problem.status not in (404, 409, 422, 429):
            raise
        return _ownership(Form.refused({"staff_id": body["staff_id"]}, problem), problem.status)
    return make_response(redirect(url_for("staff.staff_list"), 303))


def _require_owner() -> None:
    if member().role != "owner":
        abort(403)


def _form(form: Form, status: int = 200) -> Response:
    shown = render_template(
        "settings/publisher.html",
        form=form,
        languages=_with_present(language_choices(), form.value("language")),
        zones=_with_present([(zone, zone) for zone in time_zones()], form.value("time_zone")),
        saved="saved" in request.args and status == 200,
        is_owner=member().role == "owner",
    )
    return make_response(shown, status)


def _ownership(form: Form, status: int = 200) -> Response:
    everybody = api().get("/v1/identity/staff", limit=200).body["items"]
    heirs = [
        (person["id"], f"{person['name']} ({person['email']})")
        for person in everybody
        if person["role"] != "owner" and person["status"] == "active" and not person["password_change_required"]
    ]
    return make_response(render_template("settings/ownership.html", form=form, heirs=heirs), status)


def _with_present(choices: list[tuple[str, str]], present: str) -> list[tuple[str, str]]:
    """The choices, and what is chosen now if it is none of them."""
    return choices if not present or any(value == present for value, _ in choices) else [(present, present), *choices]
