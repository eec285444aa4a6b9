"""The publisher's flags: what they are called, their colors, which can be set."""

from __future__ import annotations

import re
from uuid import uuid4

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from services.console.clients import ApiProblem
from services.console.flags import COLORS, PATH, Flag, all_flags
from services.console.forms import Form
from services.console.signed_in import api, ask_anew, member

SCOPE = "notes:manage"
_KEY = re.compile(r"[a-z0-9][a-z0-9_]{0,39}\Z")
_THEIRS = (409, 412, 422)
_CHOICES = [(color, color.capitalize()) for color in COLORS]

blueprint = Blueprint("flag_settings", __name__)


@blueprint.before_request
def only_for_managers() -> None:
    """What the API would refuse isn't shown."""
    if not member().may(SCOPE):
        abort(403)


@blueprint.get("/settings/flags")
def flag_list() -> Response:
    """All of them, retired ones too."""
    return make_response(render_template("settings/flags.html", flags=all_flags(api())))


@blueprint.get("/settings/flags/new")
def new_flag() -> Response:
    """The form for a new one."""
    return _new(Form({"color": "teal"}))


@blueprint.post("/settings/flags/new")
def make_flag() -> Response:
    """Make it."""
    values = {name: request.form.get(name, "").strip() for name in ("name", "key", "color")}
    body = {name: value for name, value in values.items() if value or name == "name"}
    sent = request.form.get("request", "")
    sent = sent if re.fullmatch(r"[0-9a-f]{32}", sent) else uuid4().hex
    try:
        api().post(PATH, body, **{"Idempotency-Key": sent})
    except ApiProblem as problem:
        if problem.status not in _THEIRS:
            raise
        return _new(Form.refused(values, problem), status=problem.status)
    return _done()


@blueprint.get("/settings/flags/<key>")
def edit_flag(key: str) -> Response:
    """The form that changes one."""
    flag = _flag(key)
    return _edit(flag, Form({"name": flag.name, "color": flag.color, "retired": "yes" if flag.retired else ""}))


@blueprint.post("/settings/flags/<key>")
def save_flag(key: str) -> Response:
    """Save it."""
    flag, version = _flag(key), request.form.get("version", "")
    values = {name: request.form.get(name, "").strip() for name in ("name", "color", "retired")}
    if not re.fullmatch(r"[1-9][0-9]{0,17}", version):
        abort(400)
    body = {"name": values["name"], "color": values["color"], "retired": values["retired"] == "yes"}
    try:
        api().send("PATCH", f"{PATH}/{key}", json=body, headers={"If-Match": f'"{version}"'})
    except ApiProblem as problem:
        if problem.status not in _THEIRS:
            raise
        return _edit(flag, Form.refused(values, problem), status=problem.status)
    return _done()


@blueprint.post("/settings/flags/<key>/delete")
def delete_flag(key: str) -> Response:
    """Delete one that was never set; else say why not."""
    flag = _flag(key)
    try:
        api().delete(f"{PATH}/{key}")
    except ApiProblem as problem:
        if problem.status not in _THEIRS:
            raise
        return _edit(flag, Form({"name": flag.name, "color": flag.color}, message=problem.detail), status=409)
    return _done()


def _done() -> Response:
    response = make_response(redirect(url_for("flag_settings.flag_list"), 303))
    ask_anew(response)
    return response


def _flag(key: str) -> Flag:
    """Raises NotFound."""
    found = next((flag for flag in all_flags(api()) if flag.key == key), None) if _KEY.match(key) else None
    if found is None:
        abort(404)
    return found


def _new(form: Form, *, status: int = 200) -> Response:
    shown = render_template("settings/flag_new.html", form=form, colors=_CHOICES, request_key=uuid4().hex)
    return make_response(shown, status)


def _edit(flag: Flag, form: Form, *, status: int = 200) -> Response:
    return make_response(render_template("settings/flag_edit.html", flag=flag, form=form, colors=_CHOICES), status)
