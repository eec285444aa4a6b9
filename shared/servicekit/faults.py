"""Named points at which a process test may kill the process. In production they cost a call, and nothing happens."""

from __future__ import annotations

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def install(hook: Callable[[str], None] | None) -> None:
    """Call ``hook`` with the point's name whenever one is reached; None takes it away."""
    global _hook
    _hook = hook


def reach(point: str) -> None:
    """This point is reached: work is in flight here."""
    if _hook is not None:
        _hook(point)
