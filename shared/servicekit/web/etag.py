"""Optimistic concurrency by ``ETag`` and ``If-Match`` (RFC 9110, section 13)."""

from __future__ import annotations

from flask import request

from servicekit.errors import BadRequest, PreconditionRequired
from servicekit.etag import version_of


def if_match() -> int | None:
    """The version that the caller edits; None for ``*`` (whatever it is now).

    Raises PreconditionRequired without the header, BadRequest for one that is no tag of ours.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise PreconditionRequired("Send If-Match with the ETag that you read, so that nobody's change is overwritten.")
    if header == "*":
        return None
    version = version_of(header)
    if version is None:
        raise BadRequest('If-Match must be one ETag as it was read, such as "7", or *.')
    return version
