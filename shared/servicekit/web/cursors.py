"""Cursors: where a list goes on, opaque to the caller."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from servicekit.errors import BadRequest


class InvalidCursor(BadRequest):
    """A cursor that we did not give out."""

    code = "invalid_cursor"

    def __init__(self) -> None:
        super().__init__("This cursor is not one of this list's. Start again without one.")


def encode_cursor(kind: str, *values: Any) -> str:
    """A cursor of the list ``kind`` that carries ``values`` (text, whole numbers, None)."""
    return base64.urlsafe_b64encode(orjson.dumps([kind, *values])).rstrip(b"=").decode()


def decode_cursor(kind: str, cursor: str, *types: type | tuple[type, ...]) -> list[Any]:
    """The values that ``encode_cursor`` was given, each of its type or one of its types.

    Raises InvalidCursor for anything else.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, orjson.JSONDecodeError):
        raise InvalidCursor from None
    if not isinstance(values, list) or len(values) != len(types) + 1 or values[0] != kind:
        raise InvalidCursor
    for value, expected in zip(values[1:], types, strict=True):
        allowed = expected if isinstance(expected, tuple) else (expected,)
        if type(value) not in allowed or (isinstance(value, str) and "\0" in value):
            raise InvalidCursor
    return values[1:]
