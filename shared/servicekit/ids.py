"""Identifiers: a prefix that names the kind, then a UUIDv7 (RFC 9562) in 26 characters that sort by time."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

import uuid_utils

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case: no i, l, o, u
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_BODY = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}\Z")


def new_id(prefix: str) -> str:
    """A new identifier such as ``cus_06gw1x…``; later ones sort after earlier ones."""
    return _written(prefix, uuid_utils.uuid7().int)


def id_of_uuid(prefix: str, number: uuid.UUID) -> str:
    """The identifier that a UUID is of: for those to whom only the UUID could be told."""
    return _written(prefix, number.int)


def moment_of(identifier: str) -> datetime:
    """When an identifier was made, in UTC. Raises ValueError for what is none."""
    body = identifier.rpartition("_")[2]
    if not _BODY.match(body):
        raise ValueError("not an identifier")
    number = 0
    for letter in body:
        number = number * 32 + _ALPHABET.index(letter)
    return datetime.fromtimestamp((number >> 80) / 1000, UTC)  # RFC 9562: 48 bits of milliseconds come first


def is_id(text: str, prefix: str) -> bool:
    """Whether ``text`` has the form of an identifier of this kind."""
    head, separator, body = text.partition("_")
    return head == prefix and separator == "_" and _BODY.match(body) is not None


def id_time(text: str, prefix: str) -> datetime | None:
    """When an identifier of this kind was made, to the millisecond; None for what is none."""
    if not is_id(text, prefix):
        return None
    number = 0
    for character in text.partition("_")[2]:
        number = number << 5 | _ALPHABET.index(character)
    try:
        return datetime.fromtimestamp((number >> 80) / 1000, UTC)
    except (OverflowError, OSError, ValueError):  # the year 10000 and beyond: nobody made it
        return None


def _written(prefix: str, number: int) -> str:
    body = "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])
    return f"{prefix}_{body}"
