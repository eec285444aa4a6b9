"""Managing staff."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from services.console.clients import ApiProblem
from services.console.forms import Form
from services.console.rights import ROLES
from services.console.signed_in import api, member

PATH = "/v1/identity/staff"
SCOPE = "identity:manage"
_STAFF_ID = re.compile(r"stf_[a-z0-9]{10,40}\Z")
_THEIRS = (403, 409, 422)

blueprint = Blueprint("staff", __name__)


@blueprint.before_request
def only_for_managers() -> None:
    """What the API would refuse isn't shown."""
    if not member().may(SCOPE):
        abort(403)


@blueprint.get("/settings/staff")
def staff_list() -> Response:
    """Everybody who works for the publisher."""
    page = api().get(PATH, cursor=request.args.get("cursor"), limit=100).body
    return make_response(render_template("settings/staff.html", page=page))


@blueprint.get("/settings/staff/new")
def new_staff() -> Response:
    """The form for somebody new."""
    return _new(Form({"role": "agent"}))


@blueprint.post("/settings/staff/new")
def add_staff() -> Response:
    """Add them; the answer shows their temporary password, once."""
    values = {name: request.form.get(name, "").strip() for name in ("name", "email", "role")}
    try:
        added = api().post(PATH, values, **{"Idempotency-Key": _key()}).body
    except ApiProblem as problem:
        if problem.status not in _THEIRS:
            raise
        return _new(Form.refused(values, problem), problem.status)
    return make_response(render_template("settings/password_once.html", staff=added, added=True))


@blueprint.get("/settings/staff/<staff_id>")
def edit_form(staff_id: str) -> Response:
    """The form for one of them."""
    _check(staff_id)
    answer = api().get(f"{PATH}/{staff_id}")
    return _edit(answer.body, Form({**answer.body, "version": answer.headers.get("ETag", "")}))


@blueprint.post("/settings/staff/<staff_id>")
def edit_staff(staff_id: str) -> Response:
    """Change name, role or status; only against the version that the form was made from."""
    _check(staff_id)
    given = ("name", "role", "status")
    values = {name: request.form[name].strip() for name in given if name in request.form}
    version = request.form.get("version", "")
    try:
        api().send("PATCH", f"{PATH}/{staff_id}", json=values, headers={"If-Match": version})
    except ApiProblem as problem:
        if problem.status not in (*_THEIRS, 412):
            raise
        return _edit_again(staff_id, {**values, "version": version}, problem)
    return make_response(redirect(url_for("staff.staff_list"), 303))


@blueprint.post("/settings/staff/<staff_id>/reset-password")
def reset_password(staff_id: str) -> Response:
    """Give them a new temporary password, if it is meant; the answer shows it, once."""
    _check(staff_id)
    if "meant" not in request.form:
        return make_response(redirect(url_for("staff.edit_form", staff_id=staff_id), 303))
    try:
        reset = api().post(f"{PATH}/{staff_id}/reset_password", {}, **{"Idempotency-Key": _key()}).body
    except ApiProblem as problem:
        if problem.status not in _THEIRS:
            raise
        return _edit_again(staff_id, {}, problem)
    return make_response(render_template("settings/password_once.html", staff=reset, added=False))


def _new(form: Form, status: int = 200) -> Response:
    offered = {role: told for role, told in ROLES.items() if role != "owner"}
    return make_response(render_template("settings/staff_new.html", form=form, roles=offered, key=_fresh_key()), status)


def _edit_again(staff_id: str, values: dict[str, str], problem: ApiProblem) -> Response:
    """The form with what is true now beside what was wanted; on 412 it is made from the present version."""
    answer = api().get(f"{PATH}/{staff_id}")
    present = {**answer.body, **values}
    if problem.status == 412 or "version" not in values:
        present["version"] = answer.headers.get("ETag", "")
    return _edit(answer.body, Form.refused(present, problem), problem.status)


def _edit(staff: dict[str, Any], form: Form, status: int = 200) -> Response:
    is_owner = staff["role"] == "owner"
    shown = render_template(
        "settings/staff_edit.html",
        staff=staff,
        form=form,
        roles={role: told for role, told in ROLES.items() if is_owner or role != "owner"},
        key=_fresh_key(),
        myself=staff["id"] == member().id,
        locked=is_owner and member().role != "owner",
    )
    return make_response(shown, status)


def _fresh_key() -> str:
    return uuid4().hex


def _key() -> str:
    """The key that the form came with: sent twice, it does nothing twice."""
    key = request.form.get("key", "")
    return key if re.fullmatch(r"[0-9a-f]{32}", key) else _fresh_key()


def _check(staff_id: str) -> None:
    """An ID of the right form, so that an address of the API can be made of it. Raises NotFound."""
    if not _STAFF_ID.match(staff_id):
        abort(404)
