"""Files that browsers keep: each has its digest in its address, so a new version is a new address."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request
from markupsafe import Markup

from services.console.signed_in import open_to_all

STATIC = Path(__file__).parent / "static"
ICONS = STATIC / "vendor" / "icons"
_FOREVER = "public, max-age=31536000, immutable"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}
_SMALLEST_PACKED = 1_000

blueprint = Blueprint("assets", __name__)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of ``static/``, and the same packed."""

    content: bytes
    packed: bytes | None
    kind: str
    digest: str


@cache
def assets() -> dict[str, Asset]:
    """Every file that pages may name, by its path below ``static/``; read when first asked for."""
    files = (path for path in sorted(STATIC.rglob("*")) if path.is_file() and path.suffix in _KINDS)
    return {str(path.relative_to(STATIC)): _read(path) for path in files}


def address(name: str) -> str:
    """Where browsers get the file ``name``. Raises KeyError."""
    return f"/console/static/{assets()[name].digest}/{name}"


@cache
def icon(name: str) -> Markup:
    """An icon's own SVG, for decoration: what it says is said in words too. Raises FileNotFoundError."""
    svg = " ".join((ICONS / f"{name}.svg").read_text().split()).replace("> <", "><")
    attributes = 'class="icon" aria-hidden="true" focusable="false" '
    head, _, rest = svg.partition('class="')
    return Markup(head.replace("<svg ", f"<svg {attributes}", 1) + rest.partition('"')[2])  # noqa: S704 - our own files


@blueprint.get("/static/<digest>/<path:name>")
@open_to_all
def static_file(digest: str, name: str) -> Response:
    """A file; of another version than was asked for only until it is asked for again."""
    asset = assets().get(name)
    if asset is None:
        abort(404)
    packed = asset.packed if "gzip" in request.headers.get("Accept-Encoding", "") else None
    response = Response(asset.content if packed is None else packed, content_type=asset.kind)
    if packed is not None:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = _FOREVER if digest == asset.digest else "no-cache"
    return response


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    packed = gzip.compress(content, mtime=0) if len(content) >= _SMALLEST_PACKED else None
    return Asset(content, packed, _KINDS[path.suffix], hashlib.sha256(content).hexdigest()[:16])
