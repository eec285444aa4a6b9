"""JSON that means the same to everybody: what parsers read differently is refused (as in I-JSON, RFC 7493)."""

from __future__ import annotations

import codecs
import json
from typing import Any

import orjson

from servicekit.errors import BadRequest

_MAX_DEPTH = 32
_TOO_DEEP = f"The body is nested deeper than {_MAX_DEPTH} levels."
_LEAST, _MOST = -(2**63), 2**64 - 1
_BEYOND = 2.0**63  # where orjson makes a float of a whole number that fits no 64 bits


def strict_json(body: bytes) -> Any:
    """The document in ``body``.

    Raises BadRequest for what isn't JSON in UTF-8, nests deeper than 32 levels, names a field twice, holds a whole
    number beyond 64 bits, NUL or half a surrogate pair.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(_why(body, error)) from None
    members, has_large_float = _survey(document)
    # As many colons as fields, those within texts included: none was dropped. Reading it twice is for the rest.
    if has_large_float or members != body.count(b":"):
        json.loads(body, object_pairs_hook=_distinct, parse_int=_whole_number)
    if b"\\u0000" in body and _has_nul(document):
        raise BadRequest("The body contains the character NUL, which no text has.")
    return document


def _survey(document: Any) -> tuple[int, bool]:
    """How many fields the document has, and whether a float that may have been a whole number. Raises BadRequest."""
    members, has_large_float = 0, False
    level, depth = [document], 0
    while level:
        inner: list[Any] = []
        for value in level:
            kind = type(value)
            if kind is dict or kind is list:
                if depth >= _MAX_DEPTH:
                    raise BadRequest(_TOO_DEEP)
                if kind is dict:
                    members += len(value)
                    inner += value.values()
                else:
                    inner += value
            elif kind is float and not -_BEYOND < value < _BEYOND:
                has_large_float = True
        level, depth = inner, depth + 1
    return members, has_large_float


def _has_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\0" in key or _has_nul(inner) for key, inner in value.items())
    if isinstance(value, list):
        return any(map(_has_nul, value))
    return isinstance(value, str) and "\0" in value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise BadRequest(f"The body has the field {twice[:100]!r} twice in one object.")
    return fields


def _whole_number(digits: str) -> int:
    if len(digits) > 20 or not _LEAST <= int(digits) <= _MOST:
        raise BadRequest(f"The whole number {digits[:40]} is beyond 64 bits: send it as text.")
    return int(digits)


def _why(body: bytes, error: orjson.JSONDecodeError) -> str:
    """What is wrong with a body that is not JSON."""
    if body.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "The body begins with a byte order mark. Send UTF-8 without one (RFC 8259)."
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return f"The body is not UTF-8: look at byte {wrong.start + 1}."
    place = f"line {error.lineno}, column {error.colno}"
    if "depth limit" in error.msg or "ecursion" in error.msg:
        return _TOO_DEEP
    if "surrogate" in error.msg:
        return f"The body has half a surrogate pair, which no text has: {place}."
    if "infinity" in error.msg:
        return f"The body has a number that is too large: {place}."
    return f"The body is not JSON: {place}."
