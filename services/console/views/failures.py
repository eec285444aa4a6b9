"""When something goes wrong: an error page, a message in place of a part, or the sign-in."""

from __future__ import annotations

from urllib.parse import urlencode

import structlog
from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from servicekit.errors import Problem
from services.console.clients import ApiProblem, SessionEnded
from services.console.protection import parts_of, safe_next
from services.console.views.pages import is_fragment, lead_to

_log = structlog.get_logger("console")
_TITLES = {
    403: "Not allowed",
    404: "Not found",
    413: "Too large",
    429: "Too many requests",
    503: "Not available right now",
}
_ADVICE = {
    403: "You are not allowed to do this. Ask an owner or admin of your publisher.",
    404: "There is nothing at this address.",
    405: "This address can't be used in this way.",
    413: "What was sent is too large.",
}


def register(app: Flask) -> None:
    """Answer every error of this app for people."""
    app.register_error_handler(SessionEnded, to_sign_in)
    app.register_error_handler(ApiProblem, api_problem)
    app.register_error_handler(Problem, kits_own)
    app.register_error_handler(CSRFError, stale_form)
    app.register_error_handler(HTTPException, http_exception)
    app.register_error_handler(Exception, unexpected)


def to_sign_in(_error: SessionEnded) -> Response:
    """Sign in first, then come back to where one was."""
    return lead_to(f"/console/sign-in?{urlencode({'next': _here()})}")


def api_problem(problem: ApiProblem) -> Response:
    """What the API said, in its own words."""
    shown = failure(problem.status, problem.detail, request_id=problem.request_id)
    if problem.retry_after is not None:
        shown.headers["Retry-After"] = str(problem.retry_after)
    return shown


def kits_own(problem: Problem) -> Response:
    """What the kit refuses of any request."""
    return failure(problem.status, problem.detail)


def stale_form(_error: CSRFError) -> Response:
    """A form of before signing in again, or of another site."""
    return failure(400, "This page is out of date. Load it again; what you typed is still there.")


def http_exception(error: HTTPException) -> Response:
    """What Flask refuses."""
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    return failure(status, _ADVICE.get(status, "The request can't be understood."))


def unexpected(error: Exception) -> Response:
    """A defect: its type and place are logged, not its text, which may quote what is personal."""
    trace, frames = error.__traceback__, []
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    _log.error("unexpected_error", error=type(error).__name__, frames=frames[-12:])
    return failure(500, "This is a defect on our side. The request ID helps to find it.")


def failure(status: int, detail: str, *, request_id: str = "") -> Response:
    """An error page, or a message where a part was asked for."""
    template = "parts/failure.html" if is_fragment() else "failure.html"
    title = _TITLES.get(status, "Something went wrong")
    back = None if request.method == "GET" else _here()
    return make_response(
        render_template(template, status=status, title=title, detail=detail, request_id=request_id, back=back), status
    )


def _here() -> str:
    """The page that the browser shows, or is asking for; of the list also what has just been typed."""
    if request.method == "GET" and (not is_fragment() or request.endpoint == "customers.customer_list"):
        return safe_next(request.full_path.rstrip("?"))
    shown = parts_of(request.headers.get("HX-Current-URL") or request.referrer or "")
    return safe_next(f"{shown.path}?{shown.query}" if shown.query else shown.path)
