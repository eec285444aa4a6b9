"""Optimistic concurrency by ``ETag`` and ``If-Match`` (RFC 9110, section 13)."""

from __future__ import annotations

import re

from flask import request

from servicekit.errors import BadRequest, PreconditionRequired

_STRONG = re.compile(r'"([0-9]{1,18})"\Z')


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def if_match() -> int | None:
    """The version that the caller edits; None for ``*`` (whatever it is now).

    Raises PreconditionRequired without the header, BadRequest for one that is no tag of ours.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise PreconditionRequired("Send If-Match with the ETag that you read, so that nobody's change is overwritten.")
    if header == "*":
        return None
    match = _STRONG.match(header)
    if match is None:
        raise BadRequest('If-Match must be one ETag as it was read, such as "7", or *.')
    return int(match[1])
