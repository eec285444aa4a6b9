"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

_LOOK_SECONDS = 0.05


class TookTooLong(AssertionError):
    """What was waited for didn't happen in time; the message says what was there instead."""


def wait_until(what: str, seconds: float, condition: Callable[[], object]) -> None:
    """Wait until ``condition`` answers nothing that is in the way: None, or anything empty or false.

    What it answers otherwise is told when the time is up. Raises TookTooLong.
    """
    deadline = time.monotonic() + seconds
    while in_the_way := condition():
        if time.monotonic() > deadline:
            raise TookTooLong(f"{what}: not within {seconds:.0f} s; in the way: {in_the_way}")
        time.sleep(_LOOK_SECONDS)
