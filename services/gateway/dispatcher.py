"""The gateway of the embedded mode: one WSGI app in front of the services' own, by the same table as nginx."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import structlog

from servicekit.errors import Problem, TooManyRequests, Unavailable
from servicekit.ids import new_id
from services.gateway.exchange_cache import ExchangeCache
from services.gateway.problems import PROBLEMS, refusal, rendered, unauthorized
from services.gateway.routes import (
    CACHE_SECONDS,
    CHANGES_OF_ONESELF,
    CHANGES_OF_OTHERS,
    CREDENTIAL,
    FORBIDDEN_HEADERS,
    FRONT,
    FRONT_METHODS,
    LONGEST_HEADERS,
    LONGEST_LINE,
    PRESENTED,
    Access,
    Route,
    route_of,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BEARER = re.compile(rf"[Bb][Ee][Aa][Rr][Ee][Rr] +({CREDENTIAL})\Z")
_PRESENTED = re.compile(PRESENTED, re.IGNORECASE)
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")  # of an absolute request target (RFC 9112, section 3.2.2)
_REMOVED = tuple("HTTP_" + name.upper().replace("-", "_") for name in (*FORBIDDEN_HEADERS, "Authorization"))
_PHRASES = {302: "Found", 200: "OK", **{status: problem.title for status, problem in PROBLEMS.items()}}
_log = structlog.get_logger("gateway")


def create_dispatcher(
    apps: Mapping[str, WSGIApplication],
    exchange: Callable[[str], str],
    *,
    cache_seconds: float = CACHE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    ready: Callable[[], bool] | None = None,
) -> WSGIApplication:
    """A WSGI app that leads each request to one of ``apps``, by the names of services in the table of routes.

    ``exchange`` turns a credential into a token, or raises a Problem; its answers are kept for ``cache_seconds``.
    A service without an app is a 404. ``ready`` decides what ``/readyz`` answers, 200 or 503; without it, always 200.
    """
    cache = ExchangeCache(exchange, seconds=cache_seconds, clock=clock)

    def dispatch(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = new_id("req")
        try:
            _check_size(environ)
            own = _own_answer(environ, ready)
            if own is not None:
                return _answer(start_response, own[0], own[1], {**own[2], "X-Request-Id": request_id})
            route = None if _begins_with_two_slashes(environ) else route_of(environ.get("PATH_INFO", ""))
            if route is None or route.service not in apps:
                raise refusal(404)
            _check_body(environ, route)
            forgetting = _forgetting(environ, cache, start_response)
            _prepare(environ, route, cache, request_id)
            return apps[route.service](environ, forgetting)
        except Problem as problem:
            body, headers = rendered(problem, request_id)
            return _answer(start_response, problem.status, body, headers)

    return dispatch


def _forgetting(environ: WSGIEnvironment, cache: ExchangeCache, start_response: StartResponse) -> StartResponse:
    """``start_response``, and what a success makes worthless isn't given out by this process again."""
    method, path = environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", "")
    own = (method, path) in CHANGES_OF_ONESELF
    if not own and not any(method == changing and path.startswith(start) for changing, start in CHANGES_OF_OTHERS):
        return start_response
    match = _BEARER.match(environ.get("HTTP_AUTHORIZATION", ""))

    def forgetting(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
        if status.startswith("2"):
            if own and match is not None:
                cache.forget(match[1])
            else:
                cache.forget_all()
        return start_response(status, headers, exc_info)

    return forgetting


def _answer(start_response: StartResponse, status: int, body: bytes, headers: Mapping[str, str]) -> Iterable[bytes]:
    start_response(f"{status} {_PHRASES[status]}", [*headers.items(), ("Content-Length", str(len(body)))])
    return [body]


def _own_answer(environ: WSGIEnvironment, ready: Callable[[], bool] | None) -> tuple[int, bytes, dict[str, str]] | None:
    path = environ.get("PATH_INFO", "")
    if _begins_with_two_slashes(environ):
        return None
    if path == "/readyz" and ready is not None and not ready():
        raise Unavailable("Something that this needs doesn't answer right now. Try again shortly.")
    if path in ("/healthz", "/readyz"):
        return 200, b'{"status":"ok"}', {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if path == "/":
        if environ.get("REQUEST_METHOD") not in FRONT_METHODS:
            problem = refusal(405)
            problem.headers = {**problem.headers, "Allow": ", ".join(FRONT_METHODS)}
            raise problem
        return 302, b"", {"Location": FRONT}
    return None


def _begins_with_two_slashes(environ: WSGIEnvironment) -> bool:
    """Whether the target as it was sent does: some servers make one of them, and that would be another address."""
    target = _ORIGIN.sub("", environ.get("REQUEST_URI") or environ.get("PATH_INFO", ""), count=1)
    return unquote(target.partition("?")[0]).startswith("//")


def _check_size(environ: WSGIEnvironment) -> None:
    if len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", "")) > LONGEST_LINE:
        raise refusal(414)
    sizes = [len(name) + len(value) for name, value in environ.items() if name.startswith("HTTP_")]
    if sum(sizes) > LONGEST_HEADERS or max(sizes, default=0) > LONGEST_LINE:
        raise refusal(431)
    if environ.get("REQUEST_METHOD") == "TRACE":
        raise refusal(405)
    if "\0" in environ.get("PATH_INFO", ""):
        raise refusal(400)


def _check_body(environ: WSGIEnvironment, route: Route) -> None:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise refusal(400)
    if int(length) > route.body_bytes:
        raise refusal(413)


def _prepare(environ: WSGIEnvironment, route: Route, cache: ExchangeCache, request_id: str) -> None:
    """Make the client's request the gateway's: its token, its request ID, its word on where the request came from."""
    sent = environ.get("HTTP_AUTHORIZATION")
    for name in _REMOVED:
        environ.pop(name, None)
    if route.access is Access.AS_SENT and sent is not None:
        environ["HTTP_AUTHORIZATION"] = sent
    elif route.access is Access.EXCHANGED:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {_token(sent, cache)}"
    environ["HTTP_X_REQUEST_ID"] = request_id
    environ["HTTP_X_FORWARDED_FOR"] = environ.get("REMOTE_ADDR", "")
    environ["HTTP_X_FORWARDED_PROTO"] = environ.get("wsgi.url_scheme", "http")


def _token(authorization: Any, cache: ExchangeCache) -> str:
    match = _BEARER.match(authorization or "")
    if match is None:
        raise unauthorized(presented=_PRESENTED.match(authorization or "") is not None)
    try:
        return cache.token(match[1])
    except Problem as problem:
        if problem.status == 429:
            wait = problem.headers.get("Retry-After", "1")
            raise TooManyRequests(PROBLEMS[429].detail, retry_after=int(wait)) from None
        if problem.status == 401:
            raise unauthorized(presented=True) from None
        raise refusal(403 if problem.status == 403 else 503) from None
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, nobody gets through, and the answer says so
        _log.error("exchange_failed", error=type(error).__name__)
        raise refusal(503) from None
