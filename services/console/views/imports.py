"""Importing from a file: sent by pieces, then watched. Which kinds there are is a table, ``import_kinds.py``."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request, url_for

from services.console.choices import options
from services.console.clients import ApiProblem, NotReachable
from services.console.import_fields import attribute_of
from services.console.import_kinds import KINDS, SERVICES, Kind
from services.console.import_list import list_imports
from services.console.signed_in import api, member

# Of a file, sent at once: within what this service takes in one request.
PIECE_BYTES = 786_432
OPEN = ("receiving", "waiting", "running")
_IMPORT_ID = re.compile(r"imp_[a-z0-9]{10,40}\Z")
_KEY = re.compile(r"[A-Za-z0-9-]{16,100}\Z")
_FILE = {"Content-Type": "application/octet-stream"}
# Customers' imports have the address without a service, which was there first.
_ONE = "/imports/<any(billing, notes):service>/<import_id>"
_OF_CUSTOMERS = "/imports/<import_id>"
_BY_DEFAULT = {"service": "customers"}

blueprint = Blueprint("imports", __name__)


@blueprint.before_request
def only_for_importers() -> None:
    """What the API would refuse isn't shown."""
    if not _kinds():
        abort(403)


@blueprint.get("/imports")
def import_list() -> Response:
    """The imports of all services, newest first."""
    services = [service for service in SERVICES.values() if member().may(service.scope)]
    cursors = {name: request.args[name] for name in SERVICES if request.args.get(name)}
    listed = list_imports(api(), services, cursors)
    return make_response(render_template("imports/list.html", listed=listed, kinds=_kinds(), open_states=OPEN))


@blueprint.get("/imports/new")
def new_import() -> Response:
    """The form that a file is chosen in, for one kind."""
    kind = _kind(request.args.get("kind") or _kinds()[0].name)
    return make_response(
        render_template("imports/new.html", kind=kind, kinds=_kinds(), options=options, piece_bytes=PIECE_BYTES)
    )


@blueprint.post("/imports")
def start() -> Response:
    """The first piece of a file: the import as it then is, in JSON, or what is wrong, to be shown in the form."""
    kind = _kind(request.args.get("kind") or "customers")
    key = request.headers.get("Idempotency-Key", "")
    asked = [(name, value) for name in ("map", "set") for value in request.args.getlist(name)]
    asked += [(name, request.args[name]) for name in ("name", "dry_run", "complete") if request.args.get(name)]
    headers = {**_FILE, **({"Idempotency-Key": key} if _KEY.match(key) else {})}
    return _sent(kind.service.name, kind.service.path, kind.asked + asked, headers, kind=kind)


@blueprint.post(f"{_OF_CUSTOMERS}/content", defaults=_BY_DEFAULT)
@blueprint.post(f"{_ONE}/content")
def go_on(service: str, import_id: str) -> Response:
    """A further piece; otherwise as the first."""
    path = _path(service, import_id)
    asked = [(name, request.args.get(name, "")) for name in ("offset", "complete")]
    return _sent(service, f"{path}/content", asked, _FILE)


@blueprint.get(_OF_CUSTOMERS, defaults=_BY_DEFAULT)
@blueprint.get(_ONE)
def show(service: str, import_id: str) -> Response:
    """An import: how far it is, what became of its rows and columns."""
    return _shown("imports/show.html", service, api().get(_path(service, import_id)).body)


@blueprint.get(f"{_OF_CUSTOMERS}/state", defaults=_BY_DEFAULT)
@blueprint.get(f"{_ONE}/state")
def state(service: str, import_id: str) -> Response:
    """The part of that page that changes. It asks for itself again until the import has ended."""
    try:
        job = api().get(_path(service, import_id)).body
    except NotReachable:
        return make_response(render_template("imports/waiting.html", service=service, import_id=import_id))
    return _shown("imports/state.html", service, job)


@blueprint.post(f"{_OF_CUSTOMERS}/cancel", defaults=_BY_DEFAULT)
@blueprint.post(f"{_ONE}/cancel")
def cancel(service: str, import_id: str) -> Response:
    """Cancel an import; what went in stays."""
    api().post(f"{_path(service, import_id)}/cancel", {})
    return make_response(redirect(url_for("imports.show", service=service, import_id=import_id), 303))


@blueprint.get(f"{_OF_CUSTOMERS}/rejects", defaults=_BY_DEFAULT)
@blueprint.get(f"{_ONE}/rejects")
def rejects(service: str, import_id: str) -> Response:
    """The file of rejected rows, passed on as it comes."""
    headers, pieces = api().stream(f"{_path(service, import_id)}/rejects")
    kept = {name: headers[name] for name in ("Content-Type", "Content-Disposition") if name in headers}
    return Response(pieces, 200, kept)


def _shown(template: str, service: str, job: dict[str, Any]) -> Response:
    return make_response(render_template(template, service=service, job=job, is_open=job["status"] in OPEN))


def _sent(
    service: str, path: str, parameters: list[tuple[str, str]], headers: dict[str, str], *, kind: Kind | None = None
) -> Response:
    try:
        job = api().send("POST", path, params=parameters, content=request.get_data(), headers=headers).body
    except ApiProblem as problem:
        if problem.status not in (409, 413, 415, 422):
            raise
        return _refused(problem, kind)
    page = url_for("imports.show", service=service, import_id=job["id"])
    return jsonify({**{name: job[name] for name in ("id", "status", "received_bytes")}, "page": page})


def _refused(problem: ApiProblem, kind: Kind | None) -> Response:
    unknown: list[dict[str, Any]] = []
    if problem.code == "import_columns_unknown" and kind is not None:
        attribute = attribute_of if kind.keeps_others else lambda _: ""
        unknown = [{"column": column, "attribute": attribute(column)} for column in problem.errors]
    shown = render_template("imports/refused.html", problem=problem, unknown=unknown, kind=kind)
    return make_response(shown, problem.status)


def _kinds() -> list[Kind]:
    """What this member may import."""
    return [kind for kind in KINDS.values() if member().may(kind.service.scope)]


def _kind(name: str) -> Kind:
    """The kind of this name. Raises NotFound where there is none, Forbidden where the member may not."""
    kind = KINDS.get(name) or abort(404)
    return kind if member().may(kind.service.scope) else abort(403)


def _path(service: str, import_id: str) -> str:
    """An import's address at the API. Raises NotFound for what is no ID, Forbidden where the member may not."""
    found = SERVICES[service]
    if not member().may(found.scope):
        abort(403)
    if not _IMPORT_ID.match(import_id):
        abort(404)
    return f"{found.path}/{import_id}"
