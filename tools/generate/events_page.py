"""``docs/events.md``: from an event to who publishes it, who takes it, and what they do about it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tools.discovery import ROOT, services
from tools.generate.event_schemas import published

_HEAD = """\
# Events

Written by `python -m tools.generate`; do not edit. Exchange and envelope: [consuming-events.md](consuming-events.md);
schemas: [asyncapi.json](asyncapi.json) and [api/events/](api/events/).

| event | published by | says | taken by | handled in |
|---|---|---|---|---|
"""


def page() -> str:
    """The page: one line for each event type, published types first."""
    says = {kind.name: (service.name, kind.summary) for service, kind in published()}
    rows = [_row(name, producer, summary) for name, (producer, summary) in sorted(says.items())]
    unknown = sorted({name for service in services() for name in service.subscriptions} - says.keys())
    rows += [_row(name, "nobody yet", "") for name in unknown]
    return _HEAD + "\n".join(rows) + "\n"


def handler_of(subscription: Any) -> tuple[str, Path]:
    """The name of the function behind a subscription and its file, relative to the project."""
    function: Callable[..., Any] = getattr(subscription, "handle", subscription)
    while isinstance(function, partial):  # what it is given at the composition root
        function = function.func
    source = inspect.getsourcefile(inspect.unwrap(function))
    if source is None:
        raise TypeError(f"{subscription!r} has no source")
    return function.__qualname__, Path(source).resolve().relative_to(ROOT)


def _row(name: str, producer: str, summary: str) -> str:
    takers = [service for service in services() if name in service.subscriptions]
    handled = []
    for service in takers:
        subscription = service.subscriptions[name]
        function, file = handler_of(subscription)
        handled.append(f"[`{function}`](../{file}) ({type(subscription).__name__})")
    names = ", ".join(service.name for service in takers) or "– (event log only)"
    return f"| `{name}` | {producer} | {summary} | {names} | {'<br>'.join(handled) or '–'} |"
