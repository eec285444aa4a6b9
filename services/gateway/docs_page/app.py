"""The documentation as a WSGI app; everything is read once, when it is made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from servicekit.errors import NotFound
from servicekit.ids import new_id
from services.gateway.problems import refusal, rendered

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOME = Path(__file__).parent
ASYNCAPI = HOME.parent.parent.parent / "docs" / "asyncapi.json"
OPENAPI = HOME.parent.parent.parent / "docs" / "api" / "openapi.json"

# Swagger UI sets style attributes, hence 'unsafe-inline' for styles and for nothing else.
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
    "": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    kind: str
    cache: str

    @property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


def create_docs_app(openapi: bytes, *, asyncapi: bytes | None = None) -> WSGIApplication:
    """Serve ``/docs``, ``/docs/static/*``, ``/favicon.ico``, ``/v1/openapi.json`` and ``/docs/asyncapi.json``.

    ``asyncapi`` is by default the generated document in ``docs/``. Answers have an ETag and say how long to keep them.
    """
    files = {address: (file, file.tag) for address, file in _files(openapi, asyncapi).items()}

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        request_id = environ.get("HTTP_X_REQUEST_ID") or new_id("req")
        found = files.get(path.rstrip("/"))
        if found is None:
            body, headers = rendered(NotFound("There is no such page. The documentation is at /docs."), request_id)
            return _answer(start_response, "404 Not Found", headers, body, method)
        if method not in ("GET", "HEAD"):
            body, headers = rendered(refusal(405), request_id)
            return _answer(start_response, "405 Method Not Allowed", {**headers, "Allow": "GET, HEAD"}, body, method)
        file, tag = found
        headers = {"ETag": tag, "Cache-Control": file.cache, "X-Request-Id": request_id, **_ALWAYS}
        if _knows(environ.get("HTTP_IF_NONE_MATCH", ""), tag):
            return _answer(start_response, "304 Not Modified", headers, b"", method)
        return _answer(start_response, "200 OK", {**headers, "Content-Type": file.kind}, file.content, method)

    return serve


def _files(openapi: bytes, asyncapi: bytes | None) -> dict[str, _File]:
    """Every address and what is there. Names don't change with a version, so browsers ask again after an hour."""
    found = {
        "/docs": _read(HOME / "page" / "index.html", "no-cache"),
        "/v1/openapi.json": _File(openapi, _KINDS[".json"], "public, max-age=60"),
        "/docs/asyncapi.json": _File(
            ASYNCAPI.read_bytes() if asyncapi is None else asyncapi, _KINDS[".json"], "public, max-age=60"
        ),
        "/docs/static/init.js": _read(HOME / "page" / "init.js", "no-cache"),
        "/docs/static/theme.js": _read(HOME / "page" / "theme.js", "no-cache"),
        # Browsers ask for it by themselves, beside pages that name none.
        "/favicon.ico": _read(HOME / "static" / "favicon-32x32.png", "public, max-age=3600"),
        # A health check of the process that serves this.
        "/readyz": _File(b'{"status":"ok"}', _KINDS[".json"], "no-store"),
    }
    for path in sorted((HOME / "static").iterdir()):
        found[f"/docs/static/{path.name}"] = _read(path, "public, max-age=3600")
    return found


def _read(path: Path, cache: str) -> _File:
    return _File(path.read_bytes(), _KINDS[path.suffix], cache)


def _knows(if_none_match: str, tag: str) -> bool:
    """Whether the client has it already (RFC 9110, section 13.1.2); a proxy may have made the tag a weak one."""
    tags = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in tags or "*" in tags


def _answer(
    start_response: StartResponse, status: str, headers: Mapping[str, str], body: bytes, method: str
) -> Iterable[bytes]:
    """Send it; HEAD gets the same without the body, 304 has no length."""
    length = [] if status.startswith("304") else [("Content-Length", str(len(body)))]
    start_response(status, [*headers.items(), *length])
    return [] if method == "HEAD" else [body]
