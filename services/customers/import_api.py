"""The addresses of imports: a file is the body itself, read as it comes."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from typing import Any

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from servicekit import clock
from servicekit.errors import BadRequest
from servicekit.web.access import requires
from servicekit.web.auditing import audit_subject, audited
from servicekit.web.blueprint import ServiceBlueprint
from servicekit.web.context import current_caller, current_publisher_id, current_session, kit
from servicekit.web.describing import IDEMPOTENCY_KEY
from servicekit.web.idempotency import idempotent
from servicekit.web.json_body import json_response
from servicekit.web.presenting import require_personal
from services.customers import queries
from services.customers.imports.dialect import DELIMITERS
from services.customers.imports.jobs import cancel_import, find_import
from services.customers.imports.layout import wishes_of
from services.customers.imports.receiving import Asked, Transaction, take_in
from services.customers.imports.rejects import rejects_file
from services.customers.imports.schemas import (
    AppendContent,
    ImportPage,
    ImportView,
    ListImports,
    RequestKey,
    StartImport,
    import_state,
)
from services.customers.imports.starting import Request, start_import
from services.customers.openapi import (
    FILE_BODY,
    REJECTED_OBJECTS,
    REJECTED_ROWS,
    WRONG_OFFSET,
    WrongOffsetView,
)

SCOPE = "customers:import"
_BLOCK_BYTES = 65_536
_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
_FORMATS = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/plain": None,
    "application/octet-stream": None,
}

blueprint = ServiceBlueprint(
    "imports", __name__, url_prefix="/v1/customers/imports", description="Customers from files."
)


@blueprint.post("")
@requires(SCOPE)
@audited("customers.import.started")
@blueprint.arguments(StartImport, location="query")
@blueprint.arguments(RequestKey, location="headers")
@blueprint.response(202, ImportView)
@blueprint.doc(requestBody=FILE_BODY, operationId="start_import")
def post_import(parameters: dict[str, Any], headers: dict[str, str]) -> Response:
    """Import customers from a file, CSV or NDJSON, which is the body. Larger than 1 GB, it comes in parts."""
    format_ = _format_of_body()
    mark = parameters.get("delimiter")
    asked = Asked(
        format=parameters.get("format") or format_,
        encoding=parameters.get("encoding"),
        delimiter=DELIMITERS[mark] if mark else None,
        wishes=wishes_of(parameters["map"], parameters["set"]),
    )
    job, replayed = start_import(
        _transactions(),
        Request(
            publisher_id=current_publisher_id(),
            editor=current_caller(),
            name=parameters.get("name"),
            digest=parameters.get("digest"),
            dry_run=parameters["dry_run"],
            asked=asked,
            key=_request_key(headers.get("key")),
            fingerprint=hashlib.sha256(request.query_string).hexdigest(),
        ),
        _blocks(),
        whole=parameters["complete"],
        now=clock.now,
    )
    audit_subject(job.id)
    told = {"Location": f"/v1/customers/imports/{job.id}"}
    return json_response(import_state(job), 202, told | ({"Idempotency-Replayed": "true"} if replayed else {}))


@blueprint.post("/<import_id>/content")
@requires(SCOPE)
@audited("customers.import.continued", subject="import_id")
@blueprint.arguments(AppendContent, location="query")
@blueprint.response(202, ImportView)
@blueprint.alt_response(409, schema=WrongOffsetView, **WRONG_OFFSET)
@blueprint.doc(requestBody=FILE_BODY, operationId="append_import_content")
def post_content(parameters: dict[str, Any], import_id: str) -> Response:
    """Send what follows of an import's file. Repeated, it changes nothing: `offset` says where it belongs."""
    _format_of_body()
    job = take_in(
        _transactions(),
        import_id=import_id,
        publisher_id=current_publisher_id(),
        blocks=_blocks(),
        offset=parameters["offset"],
        whole=parameters["complete"],
        now=clock.now,
    )
    return json_response(import_state(job), 202)


@blueprint.get("")
@requires(SCOPE)
@audited("customers.import.listed")
@blueprint.arguments(ListImports, location="query")
@blueprint.response(200, ImportPage)
@blueprint.doc(operationId="list_imports")
def get_imports(parameters: dict[str, Any]) -> Response:
    """List imports, newest first."""
    page = queries.list_imports(
        current_session(),
        publisher_id=current_publisher_id(),
        cursor=parameters.get("cursor"),
        limit=parameters["limit"],
        name=parameters.get("name"),
    )
    return json_response(page)


@blueprint.get("/<import_id>")
@requires(SCOPE)
@audited("customers.import.read", subject="import_id")
@blueprint.response(200, ImportView)
@blueprint.doc(operationId="get_import")
def get_import(import_id: str) -> Response:
    """Read an import: how far it is, what became of its rows."""
    return json_response(import_state(find_import(current_session(), current_publisher_id(), import_id)))


@blueprint.get("/<import_id>/rejects")
@requires(SCOPE)
@audited("customers.rejects.read", subject="import_id")
@blueprint.response(200, {"type": "string"}, content_type="text/csv", **REJECTED_ROWS)
@blueprint.response(200, {"type": "string"}, content_type="application/x-ndjson", **REJECTED_OBJECTS)
@blueprint.doc(operationId="get_import_rejects")
def get_rejects(import_id: str) -> Response:
    """Fetch the rejected rows in the file's own format, each with its number, the column and the reason.

    Needs the scope `personal:read` as well.
    """
    require_personal()
    job = find_import(current_session(), current_publisher_id(), import_id)
    kind, ending = ("application/x-ndjson", "ndjson") if job.dialect["format"] == "ndjson" else ("text/csv", "csv")
    headers = {"Content-Disposition": f'attachment; filename="rejects-{job.id}.{ending}"'}
    return Response(rejects_file(_transactions(), job), 200, headers, content_type=f"{kind}; charset=utf-8")


@blueprint.post("/<import_id>/cancel")
@requires(SCOPE)
@audited("customers.import.canceled", subject="import_id")
@idempotent
@blueprint.response(200, ImportView)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY], operationId="cancel_import")
def post_cancel(import_id: str) -> Response:
    """Cancel an import. The rows that went in stay; doing it again changes nothing."""
    job = cancel_import(current_session(), publisher_id=current_publisher_id(), import_id=import_id, now=clock.now())
    return json_response(import_state(job))


def _transactions() -> Transaction:
    """Transactions of this publisher's, for what outlasts one, or the request itself."""
    database, publisher_id = kit().database, current_publisher_id()
    return lambda: database.transaction(publisher_id)


def _blocks() -> Iterator[bytes]:
    """The body as it comes, however large: the gateway has its own limit."""
    request.max_content_length = sys.maxsize
    stream = request.stream
    while block := stream.read(_BLOCK_BYTES):
        yield block


def _format_of_body() -> str | None:
    """What the body is by its media type; None if that may be either. Raises 415."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType("Send the file as it is, without Content-Encoding.")
    if request.mimetype not in _FORMATS:
        raise UnsupportedMediaType(
            "Send the file itself as the body (no form), with the header Content-Type: text/csv, "
            "application/x-ndjson, or application/octet-stream for either."
        )
    return _FORMATS[request.mimetype]


def _request_key(key: str | None) -> str | None:
    """Each caller has its own keys. Not the kit's: the body is neither read twice nor kept. Raises BadRequest."""
    if key is None:
        return None
    if not _KEY.match(key):
        raise BadRequest("Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.")
    return f"{current_caller().actor_id} {key}"
