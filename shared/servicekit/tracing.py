"""W3C Trace Context (https://www.w3.org/TR/trace-context/), carried through requests and the queue."""

from __future__ import annotations

import re
import secrets
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
    trace, flags = (match[1], match[3]) if match else (secrets.token_hex(16), "01")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"


@contextmanager
def span(traceparent: str | None) -> Iterator[str]:
    """Work under a new span that continues ``traceparent``; what is published meanwhile carries it."""
    own = child_of(traceparent)
    token = _current.set(own)
    try:
        yield own
    finally:
        _current.reset(token)
