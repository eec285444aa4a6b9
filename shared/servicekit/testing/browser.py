"""The browser that tests use: a Chromium of the system, or the one that `CHROMIUM` names."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import pytest

from servicekit.testing.servers import is_required

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


def chromium() -> str | None:
    """Where it is; None where there is none, or nothing to drive it with."""
    if find_spec("playwright") is None:
        return None
    given = os.environ.get("CHROMIUM")
    return given or next((path for name in _NAMES if (path := shutil.which(name))), None)


def require_chromium() -> str:
    """Where it is; skips the test, or fails it where servers are required too, if there is none."""
    found = chromium()
    if found is None:
        reason = "needs Chromium: install the package chromium, or set CHROMIUM to its path"
        if is_required():
            pytest.fail(reason)
        pytest.skip(reason)
    return found
