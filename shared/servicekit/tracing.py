"""W3C Trace Context (https://www.w3.org/TR/trace-context/), carried through requests and the queue."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})\Z")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current_traceparent() -> str | None:
    """The traceparent of the request or message being handled, if any."""
    return _current.get()


def child_of(traceparent: str | None) -> str:
    """A traceparent for a new span: of the same trace where ``traceparent`` is valid, else of a new one."""
    match = _TRACEPARENT.match(traceparent) if traceparent else None
    trace, flags = (match[1], match[3]) if match else (_number(128), "01")
    return f"00-{trace}-{_number(64)}-{flags}"


def _number(bits: int) -> str:
    """A random one, not zero, in hexadecimal. It keeps no secret, and the system's random numbers cost a call each."""
    return f"{random.getrandbits(bits) or 1:0{bits // 4}x}"


@contextmanager
def span(traceparent: str | None) -> Iterator[str]:
    """Work under a new span that continues ``traceparent``; what is published meanwhile carries it."""
    own = child_of(traceparent)
    token = _current.set(own)
    try:
        yield own
    finally:
        _current.reset(token)
