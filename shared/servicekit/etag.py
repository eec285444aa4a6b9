"""The entity tag of a version (RFC 9110, section 8.8.3): strong, the version's number in quotes."""

from __future__ import annotations

import re

_STRONG = re.compile(r'"([1-9][0-9]{0,17})"\Z')


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def version_of(tag: str) -> int | None:
    """The version that one of our tags stands for; None for anything else."""
    match = _STRONG.match(tag)
    return int(match[1]) if match else None
