"""What surrounds every request: its ID, its trace, a log line and figures."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from urllib.parse import unquote_to_bytes

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Histogram
from werkzeug.routing import RequestRedirect

from servicekit.errors import BadRequest, NotFound
from servicekit.ids import new_id
from servicekit.tracing import span

_FORM = re.compile(r"[A-Za-z0-9._:-]{1,100}\Z")
_QUIET = ("/healthz", "/readyz", "/metrics")
_log = structlog.get_logger("web")
_seconds = Histogram("http_request_seconds", "Time to answer a request.", ["service", "method", "route", "status"])


def register(app: Flask) -> None:
    """Give every request of this app an ID and a span, and account for it."""
    service = app.name

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _FORM.match(given) else new_id("req")
        g.around = ExitStack()
        g.around.enter_context(structlog.contextvars.bound_contextvars(request_id=g.request_id))
        g.around.enter_context(span(request.headers.get("traceparent")))
        _check_address()

    @app.after_request
    def end(response: Response) -> Response:
        if "request_id" not in g:
            return response
        response.headers["X-Request-Id"] = g.request_id
        if response.status_code == 204 or (request.method == "OPTIONS" and response.status_code == 200):
            response.headers.remove("Content-Type")  # of a body that there isn't
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cache-Control", "no-store")
        route = request.url_rule.rule if request.url_rule is not None else "unmatched"
        seconds = time.perf_counter() - g.began
        _seconds.labels(service, request.method, route, response.status_code).observe(seconds)
        if request.path not in _QUIET:
            # The route's pattern, not the address: addresses may hold what was searched for.
            _log.info(
                "request",
                method=request.method,
                route=route,
                status=response.status_code,
                milliseconds=round(seconds * 1000, 1),
            )
        return response

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        if "around" in g:
            g.around.close()
        structlog.contextvars.unbind_contextvars("actor_id", "publisher_id")


def _check_address() -> None:
    """One thing has one address, in UTF-8. Raises NotFound, BadRequest."""
    if isinstance(request.routing_exception, RequestRedirect):
        raise NotFound("There is nothing at this address. The documentation lists every address.")
    # The server has decoded the path already: only here an escaped slash still differs from one.
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")
    if "%2f" in raw.partition("?")[0].lower():
        raise NotFound("There is nothing at this address: %2F is part of none.")
    if "\0" in request.path:
        raise BadRequest("The address contains the character NUL, which no text has.")
    if request.query_string and not _is_utf8(unquote_to_bytes(request.query_string)):
        raise BadRequest("The query is not UTF-8.")


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
