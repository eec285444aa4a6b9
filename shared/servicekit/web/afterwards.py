"""Work that a request goes on with when its transaction has committed, such as a call to somebody else's API."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import structlog
from flask import Response, g

from servicekit.web.idempotency import keep_anew

_log = structlog.get_logger("web")


def afterwards(finish: Callable[[], Response]) -> None:
    """When this request's transaction has committed, call ``finish`` and answer with what it returns.

    ``finish`` opens transactions of its own. If it fails the request is answered with what its view returned: what was
    committed stays, and somebody else has to go on with it. A repeated request gets the later answer.
    """
    g.finish = finish


def finished(answer: object) -> object:
    """The answer after ``afterwards``, or ``answer`` itself. For the kit, once the transaction has committed."""
    finish = g.pop("finish", None)
    if finish is None:
        return answer
    try:
        later: Response = finish()
        keep_anew(later)
    except Exception as error:
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        _log.error("finishing a request failed", error=type(error).__name__, frames=frames[-12:])
        return answer
    return later
