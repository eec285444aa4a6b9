"""Managing API keys."""

from __future__ import annotations

import re
from uuid import uuid4

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from services.console.clients import ApiProblem
from services.console.forms import Form
from services.console.signed_in import api, member

PATH = "/v1/identity/api_keys"
SCOPE = "identity:manage"
_KEY_ID = re.compile(r"key_[a-z0-9]{10,40}\Z")
_THEIRS = (403, 409, 422)

blueprint = Blueprint("api_keys", __name__)


@blueprint.before_request
def only_for_managers() -> None:
    """What the API would refuse isn't shown."""
    if not member().may(SCOPE):
        abort(403)


@blueprint.get("/settings/api-keys")
def key_list() -> Response:
    """Every key, revoked ones too."""
    page = api().get(PATH, cursor=request.args.get("cursor"), limit=100).body
    return make_response(render_template("settings/api_keys.html", page=page))


@blueprint.get("/settings/api-keys/new")
def new_key() -> Response:
    """The form for a new one."""
    return _new(Form(), chosen=sorted(member().scopes - {SCOPE}))


@blueprint.post("/settings/api-keys/new")
def make_key() -> Response:
    """Make it; the answer shows its secret, once."""
    scopes = [scope for scope in request.form.getlist("scopes") if scope in member().scopes]
    name = request.form.get("name", "").strip()
    key = request.form.get("key", "")
    key = key if re.fullmatch(r"[0-9a-f]{32}", key) else uuid4().hex
    try:
        made = api().post(PATH, {"name": name, "scopes": scopes}, **{"Idempotency-Key": key}).body
    except ApiProblem as problem:
        if problem.status not in _THEIRS:
            raise
        return _new(Form.refused({"name": name}, problem), chosen=scopes, status=problem.status)
    return make_response(render_template("settings/secret_once.html", key=made))


@blueprint.get("/settings/api-keys/<key_id>/revoke")
def ask_revoke(key_id: str) -> Response:
    """Ask whether it is meant: nothing brings a revoked key back."""
    _check(key_id)
    # Read, not told by the address: a link from elsewhere could call a key by another one's name.
    newest = api().get(PATH, limit=200).body["items"]
    name = next((key["name"] for key in newest if key["id"] == key_id), "")
    return make_response(render_template("settings/revoke.html", key_id=key_id, name=name))


@blueprint.post("/settings/api-keys/<key_id>/revoke")
def revoke(key_id: str) -> Response:
    """Revoke it."""
    _check(key_id)
    api().delete(f"{PATH}/{key_id}")
    return make_response(redirect(url_for("api_keys.key_list"), 303))


def _new(form: Form, *, chosen: list[str], status: int = 200) -> Response:
    scopes = sorted(member().scopes)
    shown = render_template("settings/api_key_new.html", form=form, scopes=scopes, chosen=chosen, key=uuid4().hex)
    return make_response(shown, status)


def _check(key_id: str) -> None:
    """An ID of the right form, so that an address of the API can be made of it. Raises NotFound."""
    if not _KEY_ID.match(key_id):
        abort(404)
