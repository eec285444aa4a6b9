"""How Stripe reads what it is sent, and says what is wrong with it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from services.billing.tests.providers.loopback import Answer

_Json = dict[str, Any]


class Wrong(Exception):
    """An error object."""

    def __init__(self, status: int, type_: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"error": {"type": type_, "message": message, **more}})


def invalid(message: str, *, status: int = 400, **more: Any) -> Wrong:
    """An ``invalid_request_error``."""
    return Wrong(status, "invalid_request_error", message, **more)


def missing(kind: str, name: str, *, param: str) -> Wrong:
    """What is said of an ID that nobody has."""
    return invalid(f"No such {kind}: '{name}'", status=404, code="resource_missing", param=param)


def form(body: bytes) -> _Json:
    """A form as Stripe reads it: ``metadata[key]=value`` is an object."""
    params: _Json = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        outer, _, inner = name.partition("[")
        if inner:
            params.setdefault(outer, {})[inner.rstrip("]")] = value
        else:
            params[outer] = value
    return params


def whole(text: Any, param: str) -> int:
    """A number of a form."""
    try:
        return int(text)
    except (TypeError, ValueError):
        raise invalid(f"Invalid integer: {text}", param=param, code="parameter_invalid_integer") from None
