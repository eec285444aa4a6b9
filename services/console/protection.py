"""What keeps pages from being misused: headers of every answer, and forms that only our own pages can send."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit

from flask import Flask, Response, abort, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect

from services.console.signed_in import PATH, came_by_https

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
WITH_FRAMES = f"{POLICY}; frame-src 'self'"
"""Of the page that shows mails, each in a frame that has a policy of its own."""
FRAMED = {
    # A document of nobody's: no script runs, nothing is loaded, no form leaves. Only our pages may frame it.
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
}
"""Of a mail that a frame shows."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
FIRST = f"{PATH}/"
_SAFE = ("GET", "HEAD", "OPTIONS")


class _FormCookie(SecureCookieSessionInterface):
    """Flask's own cookie, which holds the forms' token and nothing else."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Kept to https where the request came by it."""
        return bool(app.config["SESSION_COOKIE_SECURE"]) or came_by_https()


def register(app: Flask, *, secret: str, secure_cookies: bool) -> None:
    """Protect every view of ``app``."""
    app.config.update(
        SECRET_KEY=secret,
        SESSION_COOKIE_NAME="accounts_forms",
        SESSION_COOKIE_PATH=PATH,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure_cookies,
        # A page may stay open for longer than any limit; the token ends with the session.
        WTF_CSRF_TIME_LIMIT=None,
        # Wants a Referer where the server itself speaks https, which it doesn't; origins are compared here instead.
        WTF_CSRF_SSL_STRICT=False,
    )
    app.session_interface = _FormCookie()
    app.before_request(refuse_other_origins)
    CSRFProtect(app)
    app.after_request(_with_headers)


def forget_forms() -> None:
    """After signing in: what was given to whoever was there before is worth nothing now."""
    session.clear()


def refuse_other_origins() -> None:
    """Refuse what another site's page sends (Fetch Metadata; for older browsers the Origin header)."""
    if request.method in _SAFE:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        abort(403)
    origin = request.headers.get("Origin")
    if site is None and origin is not None and parts_of(origin).netloc != request.host:
        abort(403)


def parts_of(address: str) -> SplitResult:
    """The parts of an address as a client sent it; all of them empty for what is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def safe_next(address: str | None) -> str:
    """Where to go after signing in: an address of the console's own; anything else is its first page."""
    if not address or not address.startswith(f"{PATH}/") or any(c in address for c in "\\\r\n\t\0"):
        return FIRST
    parts = parts_of(address)
    path = unquote(parts.path)  # browsers take %2e for a dot
    if parts.scheme or parts.netloc or ".." in path or path.startswith(f"{PATH}/sign-"):
        return FIRST
    return address


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
