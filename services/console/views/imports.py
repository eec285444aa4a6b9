"""Importing customers from a file: sent by pieces, then watched."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request, url_for

from services.console.clients import ApiProblem, NotReachable
from services.console.import_fields import CHOICES, attribute_of
from services.console.signed_in import api, member

PATH = "/v1/customers/imports"
SCOPE = "customers:import"
# Of a file, sent at once: within what this service takes in one request.
PIECE_BYTES = 786_432
OPEN = ("receiving", "waiting", "running")
_IMPORT_ID = re.compile(r"imp_[a-z0-9]{10,40}\Z")
_KEY = re.compile(r"[A-Za-z0-9-]{16,100}\Z")
_FILE = {"Content-Type": "application/octet-stream"}

blueprint = Blueprint("imports", __name__)


@blueprint.before_request
def only_for_importers() -> None:
    """What the API would refuse isn't shown."""
    if not member().may(SCOPE):
        abort(403)


@blueprint.get("/imports")
def import_list() -> Response:
    """The imports, newest first."""
    page = api().get(PATH, cursor=request.args.get("cursor"), limit=25).body
    return make_response(render_template("imports/list.html", page=page, open_states=OPEN))


@blueprint.get("/imports/new")
def new_import() -> Response:
    """The form that a file is chosen in."""
    return make_response(render_template("imports/new.html", piece_bytes=PIECE_BYTES))


@blueprint.post("/imports")
def start() -> Response:
    """The first piece of a file: the import as it then is, in JSON, or what is wrong, to be shown in the form."""
    key = request.headers.get("Idempotency-Key", "")
    asked = [(name, value) for name in ("map", "set") for value in request.args.getlist(name)]
    asked += [(name, request.args[name]) for name in ("name", "dry_run", "complete") if request.args.get(name)]
    headers = {**_FILE, **({"Idempotency-Key": key} if _KEY.match(key) else {})}
    return _sent(PATH, asked, headers)


@blueprint.post("/imports/<import_id>/content")
def go_on(import_id: str) -> Response:
    """A further piece; otherwise as the first."""
    _check(import_id)
    asked = [(name, request.args.get(name, "")) for name in ("offset", "complete")]
    return _sent(f"{PATH}/{import_id}/content", asked, _FILE)


@blueprint.get("/imports/<import_id>")
def show(import_id: str) -> Response:
    """An import: how far it is, what became of its rows and columns."""
    _check(import_id)
    job = api().get(f"{PATH}/{import_id}").body
    return make_response(render_template("imports/show.html", job=job, is_open=job["status"] in OPEN))


@blueprint.get("/imports/<import_id>/state")
def state(import_id: str) -> Response:
    """The part of that page that changes. It asks for itself again until the import has ended."""
    _check(import_id)
    try:
        job = api().get(f"{PATH}/{import_id}").body
    except NotReachable:
        return make_response(render_template("imports/waiting.html", import_id=import_id))
    return make_response(render_template("imports/state.html", job=job, is_open=job["status"] in OPEN))


@blueprint.post("/imports/<import_id>/cancel")
def cancel(import_id: str) -> Response:
    """Cancel an import; what went in stays."""
    _check(import_id)
    api().post(f"{PATH}/{import_id}/cancel", {})
    return make_response(redirect(url_for("imports.show", import_id=import_id), 303))


@blueprint.get("/imports/<import_id>/rejects")
def rejects(import_id: str) -> Response:
    """The file of rejected rows, passed on as it comes."""
    _check(import_id)
    headers, pieces = api().stream(f"{PATH}/{import_id}/rejects")
    kept = {name: headers[name] for name in ("Content-Type", "Content-Disposition") if name in headers}
    return Response(pieces, 200, kept)


def _sent(path: str, parameters: list[tuple[str, str]], headers: dict[str, str]) -> Response:
    try:
        job = api().send("POST", path, params=parameters, content=request.get_data(), headers=headers).body
    except ApiProblem as problem:
        if problem.status not in (409, 413, 415, 422):
            raise
        return _refused(problem)
    return jsonify({**{name: job[name] for name in ("id", "status", "received_bytes")}, "page": _page_of(job)})


def _refused(problem: ApiProblem) -> Response:
    unknown: list[dict[str, Any]] = []
    if problem.code == "import_columns_unknown":
        unknown = [{"column": column, "attribute": attribute_of(column)} for column in problem.errors]
    shown = render_template("imports/refused.html", problem=problem, unknown=unknown, choices=CHOICES)
    return make_response(shown, problem.status)


def _page_of(job: dict[str, Any]) -> str:
    return url_for("imports.show", import_id=job["id"])


def _check(import_id: str) -> None:
    """An ID of the right form, so that an address of the API can be made of it. Raises NotFound."""
    if not _IMPORT_ID.match(import_id):
        abort(404)
