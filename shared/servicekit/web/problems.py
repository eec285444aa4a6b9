"""Problem documents (RFC 9457): every error answers as ``application/problem+json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import structlog
from flask import Flask, Response, g, request
from marshmallow import Schema, fields
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from servicekit.db.database import is_transient
from servicekit.errors import BadRequest, FieldError, Invalid, NotFound, Problem, Unavailable
from servicekit.web.presenting import presented_extensions

CONTENT_TYPE = "application/problem+json"
_log = structlog.get_logger("web")
_LOST_DATABASE = (
    "The database doesn't answer right now. Whether this was done is not known: "
    "send it again, a POST with the same Idempotency-Key."
)
_codes = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    414: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    431: "too_large",
}
# As our own errors of the same status have them, whoever notices.
_titles = {
    400: BadRequest.title,
    404: NotFound.title,
    405: "Method not allowed",
    422: Invalid.title,
}


class FieldErrorView(Schema):
    """One thing wrong with the input."""

    where = fields.String(required=True, metadata={"description": "JSON Pointer into the body, or a parameter's name."})
    message = fields.String(required=True, metadata={"description": "What is wrong there."})


class ProblemView(Schema):
    """An error (RFC 9457): what is wrong, where, and what to do."""

    type = fields.String(required=True, metadata={"description": "`about:blank`: `code` tells problems apart."})
    title = fields.String(required=True, metadata={"description": "The kind of problem, in words."})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    code = fields.String(required=True, metadata={"description": "A stable name to program against."})
    detail = fields.String(required=True, metadata={"description": "What is wrong here, and what to do."})
    errors = fields.List(fields.Nested(FieldErrorView), metadata={"description": "Each thing wrong with the input."})
    request_id = fields.String(metadata={"description": "Name this when you ask for help."})


def problem_document(problem: Problem, request_id: str | None) -> dict[str, Any]:
    """The document that tells of ``problem``."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
    }
    if problem.errors:
        document["errors"] = [{"where": error.where, "message": error.message} for error in problem.errors]
    if request_id is not None:
        document["request_id"] = request_id
    document.update(problem.extensions)
    return document


def problem_response(problem: Problem) -> Response:
    """The answer that tells of ``problem``."""
    document = problem_document(problem, g.get("request_id"))
    document = presented_extensions(document, problem.extensions, problem.status)
    response = Response(orjson.dumps(document), problem.status, content_type=CONTENT_TYPE)
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def register(app: Flask) -> None:
    """Answer every error of this app with a problem document."""
    app.register_error_handler(Problem, problem_response)
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(Exception, _unexpected)


def _http_exception(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None and status < 400:
        return Response(status=status, headers=error.get_headers())  # a redirect, for instance
    problem = Problem(_advice(error, status), errors=list(_validation_errors(error)))
    problem.status, problem.code, problem.title = (
        status,
        _codes.get(status, error.name.lower().replace(" ", "_")),
        _titles.get(status, error.name),
    )
    keep = {"allow", "retry-after", "www-authenticate"}
    problem.headers = {name: value for name, value in error.get_headers() if name.lower() in keep}
    return problem_response(problem)


def _advice(error: HTTPException, status: int) -> str:
    if status == 405:
        return f"{request.method} doesn't work here; the Allow header lists what does."
    if status == 404:
        return "There is nothing at this address. The documentation lists every address."
    if status == 413:
        return "The body is too large."
    if status == 422:
        return "The fields named in errors are not valid."
    return error.description or error.name


def _validation_errors(error: HTTPException) -> Iterator[FieldError]:
    data = getattr(error, "data", None)
    if not isinstance(data, Mapping):
        return
    for location, messages in data.get("messages", {}).items():
        pointer = "" if location == "json" else None
        yield from _flatten(messages, pointer)


def _flatten(messages: object, where: str | None) -> Iterator[FieldError]:
    """Marshmallow's nested messages as a flat list; ``where`` None: parameters, which have plain names."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if key == "_schema":
                yield from _flatten(inner, where)
            elif where is None:
                yield from _flatten(inner, str(key))
            else:
                escaped = str(key).replace("~", "~0").replace("/", "~1")
                yield from _flatten(inner, f"{where}/{escaped}")
    elif isinstance(messages, list):
        for message in messages:
            yield FieldError(where or "", str(message))
    else:
        yield FieldError(where or "", str(messages))


def _unexpected(error: Exception) -> Response:
    if isinstance(error, SQLAlchemyError) and is_transient(error):
        _log.warning("database_unavailable", error=type(error).__name__)
        return problem_response(Unavailable(_LOST_DATABASE))
    # The type and place, not the text: messages quote values, and values are personal data.
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    _log.error("unexpected_error", error=type(error).__name__, frames=frames[-12:])
    return problem_response(Problem("This is a defect on our side. The request ID helps to find it."))
