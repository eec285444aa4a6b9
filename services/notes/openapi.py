"""Headers, for the API's description."""

from __future__ import annotations

from typing import Any

IDEMPOTENCY_KEY: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Send the same key with a repeated request: nothing happens twice, the first answer comes again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}
IF_MATCH: dict[str, Any] = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "description": "The ETag that was read, or `*` to overwrite whatever is there.",
    "schema": {"type": "string", "pattern": '^(\\*|"[1-9][0-9]{0,17}")$'},
    "example": '"1"',
}
IF_MATCH_IF_ANY: dict[str, Any] = {
    **IF_MATCH,
    "required": False,
    "description": "The ETag that was read: nothing is deleted that somebody has changed meanwhile.",
}
WITH_ETAG: dict[str, Any] = {
    "ETag": {"description": "Send it as If-Match to edit.", "schema": {"type": "string"}},
}
VERSION_TOKEN: dict[str, Any] = {
    "Version-Token": {
        "description": "Pass it to search as `version_token` to be answered from an index that has this write.",
        "schema": {"type": "string"},
    },
}
