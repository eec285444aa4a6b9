"""What is kept of libraries' log lines."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from servicekit.logging import _LibraryLines, _LogStream


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


class _Disk(io.StringIO):
    full = False

    def write(self, text: str, /) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_lines_that_a_full_disk_does_not_take_are_counted_and_told_afterwards() -> None:
    disk = _Disk()
    stream = _LogStream(disk)
    stream.write('{"event": "one"}\n')
    disk.full = True
    stream.write('{"event": "two"}\n')
    stream.write('{"event": "three"}\n')
    disk.full = False
    stream.write('{"event": "four"}\n')

    told = [json.loads(line) for line in disk.getvalue().splitlines()]
    assert [line["event"] for line in told] == ["one", "log lines lost", "four"]
    assert told[1]["count"] == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_process_whose_log_is_on_a_full_disk_goes_on() -> None:
    program = (
        "import logging, structlog; from servicekit import logging as kit; kit.configure('toy');"
        "[structlog.get_logger('toy').info('x' * 100) for _ in range(1000)];"
        "logging.getLogger('library').warning('y'); print('went on', flush=True)"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, text=True, timeout=60, check=False
        )
    assert done.stdout == "went on\n"
