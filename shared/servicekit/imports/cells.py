"""How exports write values, as the API takes them: what a cell's text stands for."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError

from servicekit.clock import rfc3339

_ISO_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?) ?(Z|UTC|[+-]\d{2}:?\d{2})?)?\Z", re.ASCII
)
_EPOCH = re.compile(r"\d{9,10}\Z|\d{12,13}\Z", re.ASCII)
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?(Z|\+00:00)?\Z")


def as_text(value: Any) -> Any:
    """Numbers of NDJSON as the text they stand for: IDs and the like are often written so."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def as_code(value: Any) -> Any:
    """A code without the blanks around it."""
    return value.strip() if isinstance(value, str) else value


def as_day(value: Any) -> Any:
    """A day, also where it is written as the time of its beginning."""
    return _MIDNIGHT.sub("", value.strip()) if isinstance(value, str) else value


def as_moment(value: Any) -> Any:
    """A time as exports write it: with a blank for the ``T``, without seconds, without a zone (then UTC), a day
    (then its beginning), or seconds or milliseconds since 1970. Raises ValidationError."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return value
    text = str(int(value)) if isinstance(value, (int, float)) and abs(value) < 1e15 else str(value).strip()
    if _EPOCH.match(text):
        seconds = int(text) / 1000 if len(text) > 10 else int(text)
        return rfc3339(datetime.fromtimestamp(seconds, UTC))
    match = _ISO_TIME.match(text)
    if match is None:
        raise ValidationError("Not a time such as 2026-03-12T09:30:00Z, 2026-03-12 09:30 (UTC) or 2026-03-12.")
    day, time, zone = match.groups()
    return f"{day}T{_padded((time or '00:00').replace(',', '.'))}{'Z' if zone in (None, 'UTC') else zone}"


def _padded(time: str) -> str:
    hour, _, rest = time.partition(":")
    return f"{hour:0>2}:{rest}" if ":" in rest else f"{hour:0>2}:{rest}:00"
