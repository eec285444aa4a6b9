"""What is kept of libraries' log lines."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from servicekit.logging import _LibraryLines


def _line(logger: str, message: str, *values: object) -> dict[str, Any]:
    record = logging.LogRecord(logger, logging.WARNING, __file__, 1, message, values, None)
    told: dict[str, Any] = json.loads(_LibraryLines("accounts").format(record))
    return told


def test_a_line_has_its_time_in_utc() -> None:
    told = _line("library", "something")
    time = datetime.fromisoformat(told["time"])
    assert told["time"].endswith("Z")
    assert timedelta(0) <= datetime.now(UTC) - time < timedelta(minutes=1)


def test_values_are_left_out_but_for_a_logger_that_has_only_numbers() -> None:
    assert _line("library", "rejected %s", "ada@example.com")["event"] == "rejected %s"
    assert _line("waitress.queue", "Task queue depth is %d", 7)["event"] == "Task queue depth is 7"
