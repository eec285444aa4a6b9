"""Optimistic concurrency by ``ETag`` and ``If-Match`` (RFC 9110, section 13)."""

from __future__ import annotations

import re

from flask import request

from servicekit.errors import BadRequest, PreconditionRequired
from servicekit.etag import version_of

NO_VERSION = 10**18  # more digits than a tag of ours has
_TAG = re.compile(r'(W/)?"[\x21\x23-\x7e\x80-\xff]*"\Z')


def if_match() -> int | None:
    """The version that the caller edits; None for ``*`` (whatever it is now).

    ``NO_VERSION``, which nothing has, for a tag that is weak or not ours: by the strong comparison it matches nothing.
    Raises PreconditionRequired without the header, BadRequest for one that is no tag.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise PreconditionRequired("Send If-Match with the ETag that you read, so that nobody's change is overwritten.")
    if header == "*":
        return None
    version = version_of(header)
    if version is None:
        if _TAG.match(header):
            return NO_VERSION
        raise BadRequest('If-Match must be one ETag as it was read, such as "7", or *.')
    return version
