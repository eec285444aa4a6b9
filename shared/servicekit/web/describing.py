"""Metadata of the fields of schemas, and what every service's API shows alike: headers, and who did something."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields


def personal(description: str, example: Any = None, **more: Any) -> dict[str, Any]:
    """Metadata of a field that says something about a person; ``more`` is for the API's description."""
    return {**described(description, example, **more), "personal": True}


def described(description: str, example: Any = None, **more: Any) -> dict[str, Any]:
    """Metadata of a field that says nothing about a person; ``more`` is for the API's description."""
    told = {"personal": False, "description": description, **more}
    return told if example is None else {**told, "example": example}


NOT_TELLING: dict[str, Any] = {"hidden": False}
"""Of fields that are erased with the person, but don't say who that is: everybody sees them who may read."""

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
WITH_ETAG: dict[str, Any] = {
    "ETag": {"description": "Send it as If-Match to edit.", "schema": {"type": "string"}},
}
VERSION_TOKEN: dict[str, Any] = {
    "Version-Token": {
        "description": "Pass it to search as `version_token` to be answered from an index that has this write.",
        "schema": {"type": "string"},
    },
}
_KEY_ID = "key_06h5yvkg1scm7h3b8k5rqt2xzw"


class EditorView(Schema):
    """Who made a change."""

    id = fields.String(required=True, metadata=described("ID of the staff member or API key.", _KEY_ID))
    name = fields.String(required=True, metadata=described("Their name then.", "Nightly import"))
    kind = fields.String(required=True, metadata=described("Who.", enum=["api_key", "staff", "service"]))
