"""nginx's configuration, rendered from the table of routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from servicekit.errors import Problem, Unauthorized
from services.gateway.problems import INVALID_CREDENTIAL, MISSING_CREDENTIAL, PROBLEMS, rendered
from services.gateway.routes import (
    CACHE_SECONDS,
    CREDENTIAL,
    FORBIDDEN_HEADERS,
    FRONT,
    FRONT_METHODS,
    LONGEST_LINE,
    NOT_KEPT_HEADER,
    PRESENTED,
    ROUTES,
    SERVICES,
    Access,
    Route,
)

_TEMPLATE = Path(__file__).parent / "nginx.conf.template"
# What nginx calls headers that are too large; not a status that clients know.
_NGINX_HEADERS_TOO_LARGE = 494


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxOptions:
    """Where nginx listens and whom it asks.

    ``upstreams`` are host:port of each service. ``resolver`` is the name server that is asked for the hosts again and
    again, so that containers may come and go; without one only IP addresses work. ``cache_path`` should be on a file
    system in memory: cached exchanges hold credentials.
    """

    listen: str = "127.0.0.1:8080"
    upstreams: Mapping[str, str] = field(default_factory=lambda: {name: f"{name}-web:8000" for name in SERVICES})
    resolver: str | None = "127.0.0.11"
    cache_path: str = "/dev/shm/gateway-exchange"  # noqa: S108
    cache_seconds: int = CACHE_SECONDS
    access_log: str = "/dev/stdout"
    error_log: str = "/dev/stderr"


def render(options: NginxOptions) -> str:
    """A file for nginx's ``conf.d``, which nginx reads inside ``http``."""
    values = {
        "listen": options.listen,
        "resolver": f"resolver {options.resolver} ipv6=off valid=10s;" if options.resolver else "",
        "cache_path": options.cache_path,
        "cache_seconds": str(options.cache_seconds),
        "not_kept": NOT_KEPT_HEADER.lower().replace("-", "_"),
        "credential": CREDENTIAL,
        "presented": PRESENTED,
        **_unauthorized(),
        "front": FRONT,
        "front_methods": ", ".join(FRONT_METHODS),
        "front_methods_pattern": "|".join(FRONT_METHODS),
        "longest_line": str(LONGEST_LINE),
        "access_log": options.access_log,
        "error_log": options.error_log,
        "identity": options.upstreams["identity"],
        "error_pages": "\n".join(_error_page(status) for status in PROBLEMS),
        "routes": "\n".join(_route(route, options.upstreams[route.service]) for route in ROUTES),
        "problems": "\n".join(_problem(problem) for problem in PROBLEMS.values()),
    }
    text = _TEMPLATE.read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(lines) + "\n"


def _unauthorized() -> dict[str, str]:
    """What the two kinds of 401 say, as values for nginx's maps."""
    kinds = {"missing": MISSING_CREDENTIAL, "invalid": INVALID_CREDENTIAL}
    details = {f"{name}_detail": problem.detail for name, problem in kinds.items()}
    return details | {f"{name}_challenge": problem.headers["WWW-Authenticate"] for name, problem in kinds.items()}


def _error_page(status: int) -> str:
    if status == 431:
        return f"    error_page {_NGINX_HEADERS_TOO_LARGE} =431 /_problem/431;"
    return f"    error_page {status} /_problem/{status};"


def _route(route: Route, upstream: str) -> str:
    location = f"= {route.path}" if route.exact else f"~ ^{route.path}(?:/|$)"
    lines = [f"client_max_body_size {route.body_bytes};"]
    lines += ["proxy_request_buffering off;"] if route.streamed else []
    if route.access is Access.EXCHANGED:
        lines += [
            'if ($credential = "") { return 401; }',
            "auth_request /_exchange;",
            "auth_request_set $token $upstream_http_x_internal_token;",
            "auth_request_set $exchange_status $upstream_status;",
            "auth_request_set $exchange_retry_after $upstream_http_retry_after;",
            'proxy_set_header Authorization "Bearer $token";',
        ]
    elif route.access is Access.OPEN:
        lines += ['proxy_set_header Authorization "";']
    lines += [
        *(f'proxy_set_header {name} "";' for name in FORBIDDEN_HEADERS if name not in _SAID_BY_THE_GATEWAY),
        *(f"proxy_set_header {name} {value};" for name, value in _SAID_BY_THE_GATEWAY.items()),
        *_ANSWER_HEADERS,
        f'set $upstream "http://{upstream}";',
        "proxy_pass $upstream;",
    ]
    return _block(f"location {location}", lines)


_SAID_BY_THE_GATEWAY = {
    "Host": "$http_host",
    "Connection": '""',
    "X-Forwarded-For": "$remote_addr",
    "X-Forwarded-Proto": "$scheme",
    "X-Request-Id": "$request_id",
}
_ANSWER_HEADERS = (
    "proxy_hide_header X-Request-Id;",
    "add_header X-Request-Id $request_id always;",
)


def _problem(problem: Problem) -> str:
    if problem.status == 401:
        problem = Unauthorized("$unauthorized_detail", headers={"WWW-Authenticate": "$challenge"})
    body, headers = rendered(problem, "$request_id")
    content_type = headers.pop("Content-Type")
    if problem.status == 405:
        headers["Allow"] = "$allow"
    if problem.status == 429:
        headers["Retry-After"] = "$exchange_retry_after"
    quoted = body.decode().replace("\\", "\\\\").replace("'", "\\'")
    lines = [
        "internal;",
        "auth_request off;",
        "client_max_body_size 0;",
        f"default_type {content_type};",
        *(f"add_header {name} {value} always;" for name, value in headers.items()),
        f"return {problem.status} '{quoted}';",
    ]
    return _block(f"location = /_problem/{problem.status}", lines)


def _block(head: str, lines: list[str]) -> str:
    inner = "\n".join(f"        {line}" for line in lines)
    return f"    {head} {{\n{inner}\n    }}\n"
