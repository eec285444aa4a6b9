"""Who is signed in: the session's secret in a cookie, and who that is. Identity keeps the sessions, not the console.

Every view needs a session unless it is ``open_to_all``: forgetting that makes a page closed, never open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, request

from services.console.clients import Api, Gateway, SessionEnded
from services.console.reader import Reader

COOKIE = "accounts_session"
ZONE_COOKIE = "accounts_time_zone"
PATH = "/console"
_SECRET = re.compile(r"ses_[A-Za-z0-9_-]{16,196}\Z")
_View = TypeVar("_View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Member:
    """Whoever is signed in."""

    id: str
    name: str
    role: str
    scopes: frozenset[str]
    preferences: Mapping[str, Any] = field(default_factory=dict)

    def may(self, scope: str) -> bool:
        """Whether the API would let this one: what it wouldn't isn't offered."""
        return scope in self.scopes


def open_to_all(view: _View) -> _View:
    """Let whoever asks see this view, signed in or not."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def gateway() -> Gateway:
    """The way to the API."""
    return cast("Gateway", current_app.extensions["console_gateway"])


def api() -> Api:
    """The API with the session of this request."""
    return cast("Api", g.api)


def member() -> Member:
    """Whoever is signed in; asked of the API once in a request."""
    if "member" not in g:
        body = api().get("/v1/identity/me").body
        g.member = Member(
            id=str(body["id"]),
            name=str(body["name"]),
            role=str(body["role"] or body["kind"]),
            scopes=frozenset(body["scopes"]),
            preferences=body.get("preferences") or {},
        )
    return cast("Member", g.member)


def reader() -> Reader:
    """How this request's pages show dates and numbers."""
    if "reader" not in g:
        preferences = dict(member().preferences) if "api" in g else {}
        g.reader = Reader.of(
            preferences,
            accepted=request.accept_languages.values(),
            zone_cookie=request.cookies.get(ZONE_COOKIE, ""),
        )
    return cast("Reader", g.reader)


def require_session() -> None:
    """Before each request: find its session. Raises SessionEnded where a view needs one and there is none."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "open_to_all", False):
        return
    secret = request.cookies.get(COOKIE, "")
    if not _SECRET.match(secret):
        raise SessionEnded(401, {"code": "no_session"})
    g.api = gateway().api(secret)


def came_by_https() -> bool:
    """Whether the browser used https, as the gateway says; what a client says of it the gateway removes."""
    return request.headers.get("X-Forwarded-Proto", request.scheme) == "https"


def keep_session(response: Response, secret: str, *, secure: bool, seconds: int) -> None:
    """Give the browser the session."""
    response.set_cookie(COOKIE, secret, max_age=seconds, path=PATH, httponly=True, samesite="Lax", secure=secure)


def drop_session(response: Response, *, secure: bool) -> None:
    """Take it away again."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="Lax", secure=secure)
