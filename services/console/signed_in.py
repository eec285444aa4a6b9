"""Who is signed in: the session's secret in a cookie, and who that is. Identity keeps the sessions, not the console.

Every view needs a session unless it is ``open_to_all``: forgetting that makes a page closed, never open.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, request

from services.console.clients import Api, ApiProblem, Gateway, SessionEnded
from services.console.reader import Reader

COOKIE = "accounts_session"
ZONE_COOKIE = "accounts_time_zone"
# Changes whenever what is known of a member does, so that every process of the console asks anew.
STAMP_COOKIE = "accounts_stamp"
PATH = "/console"
KNOWN_SECONDS = 15.0
_MOST_KNOWN = 5_000
_SECRET = re.compile(r"ses_[A-Za-z0-9_-]{16,196}\Z")
_View = TypeVar("_View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Member:
    """Whoever is signed in."""

    id: str
    name: str
    email: str
    role: str
    publisher: str
    scopes: frozenset[str]
    password_change_required: bool
    preferences: Mapping[str, Any]

    def may(self, scope: str) -> bool:
        """Whether the API would let this one: what it wouldn't isn't offered."""
        return scope in self.scopes


class Members:
    """Who sessions belong to, known for ``KNOWN_SECONDS``: typing in the search box asks for it at every key.

    Only what is offered goes by it; what is allowed the API decides at every call.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[float, Member]] = {}

    def get(self, session: Api, secret: str, stamp: str) -> Member:
        """Whose session this is. Raises ApiProblem."""
        key = hashlib.sha256(f"{secret}\0{stamp}".encode()).digest()
        now = self._clock()
        with self._lock:
            until, known = self._known.get(key, (0.0, None))
        if known is not None and now < until:
            return known
        found = _ask(session)
        with self._lock:
            if len(self._known) >= _MOST_KNOWN:
                self._known = {k: entry for k, entry in self._known.items() if now < entry[0]}
            if len(self._known) < _MOST_KNOWN:
                self._known[key] = (now + KNOWN_SECONDS, found)
        return found


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
    """Whoever is signed in. Raises ApiProblem."""
    if "member" not in g:
        members = cast("Members", current_app.extensions["console_members"])
        g.member = members.get(api(), request.cookies[COOKIE], request.cookies.get(STAMP_COOKIE, "")[:40])
    return cast("Member", g.member)


def reader() -> Reader:
    """How this request's pages show dates and numbers."""
    if "reader" not in g:
        g.reader = Reader.of(
            dict(member().preferences) if "api" in g else {},
            accepted=request.accept_languages.values(),
            zone_cookie=request.cookies.get(ZONE_COOKIE, ""),
        )
    return cast("Reader", g.reader)


def require_session() -> None:
    """Before each request: find its session. Raises SessionEnded where a view needs one and there is none."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "open_to_all", False):
        return
    secret = sent_secret()
    if secret is None:
        raise SessionEnded(401, {"code": "no_session"})
    g.api = gateway().api(secret)


def sent_secret() -> str | None:
    """The session's secret that the browser sent; None for none, and for what can't be one."""
    secret = request.cookies.get(COOKIE, "")
    return secret if _SECRET.match(secret) else None


def came_by_https() -> bool:
    """Whether the browser used https, as the gateway says; what a client says of it the gateway removes."""
    return request.headers.get("X-Forwarded-Proto", request.scheme) == "https"


def secure_cookies() -> bool:
    """Whether cookies of this answer are kept to https."""
    return bool(current_app.config["CONSOLE_SECURE_COOKIES"]) or came_by_https()


def keep_session(response: Response, secret: str, *, seconds: int) -> None:
    """Give the browser the session."""
    response.set_cookie(
        COOKIE, secret, max_age=seconds, path=PATH, httponly=True, samesite="Lax", secure=secure_cookies()
    )


def drop_session(response: Response) -> None:
    """Take it away again."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="Lax", secure=secure_cookies())


def ask_anew(response: Response) -> None:
    """Let the next request ask who this is: something about them has just been changed."""
    response.set_cookie(
        STAMP_COOKIE, secrets.token_hex(8), path=PATH, httponly=True, samesite="Lax", secure=secure_cookies()
    )


def _ask(session: Api) -> Member:
    body = session.get("/v1/identity/me").body
    try:
        preferences = session.get("/v1/identity/me/preferences").body
    except SessionEnded:
        raise
    except ApiProblem:  # then as for whoever never set any: no reason to show nothing at all
        preferences = {}
    return Member(
        id=str(body["id"]),
        name=str(body["name"]),
        email=str(body.get("email") or ""),
        role=str(body["role"] or body["kind"]),
        publisher=str(body.get("publisher_name") or ""),
        scopes=frozenset(body["scopes"]),
        password_change_required=bool(body.get("password_change_required")),
        preferences=preferences or {},
    )
