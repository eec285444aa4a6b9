"""A request whose body is a file: what it is, and its bytes as they come."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from servicekit.errors import BadRequest
from servicekit.imports.receiving import Transaction
from servicekit.web.context import current_caller, current_publisher_id, kit

_BLOCK_BYTES = 65_536
_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
_FORMATS = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/plain": None,
    "application/octet-stream": None,
}


def own_transactions() -> Transaction:
    """Transactions of this publisher's, for what outlasts one, or the request itself."""
    database, publisher_id = kit().database, current_publisher_id()
    return lambda: database.transaction(publisher_id)


def blocks_of_body() -> Iterator[bytes]:
    """The body as it comes, however large: the gateway has its own limit."""
    request.max_content_length = sys.maxsize
    stream = request.stream
    while block := stream.read(_BLOCK_BYTES):
        yield block


def format_of_body() -> str | None:
    """What the body is by its media type; None if that may be either. Raises 415."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType("Send the file as it is, without Content-Encoding.")
    if request.mimetype not in _FORMATS:
        raise UnsupportedMediaType(
            "Send the file itself as the body (no form), with the header Content-Type: text/csv, "
            "application/x-ndjson, or application/octet-stream for either."
        )
    return _FORMATS[request.mimetype]


def request_key(key: str | None) -> str | None:
    """Each caller has its own keys. Not the kit's: the body is neither read twice nor kept. Raises BadRequest."""
    if key is None:
        return None
    if not _KEY.match(key):
        raise BadRequest("Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.")
    return f"{current_caller().actor_id} {key}"
