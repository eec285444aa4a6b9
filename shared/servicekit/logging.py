"""Logs: one JSON object a line on standard error, IDs only, never personal data."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO, cast

import structlog

from servicekit.tracing import current_traceparent

# Libraries' loggers whose values are numbers only.
_HARMLESS = frozenset({"waitress.queue"})
_encoder = json.JSONEncoder(default=repr)  # made once: for each line it would cost more than using it


def configure(service: str, *, level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log line of this process, our own and libraries', to ``stream`` as JSON."""
    out = cast("TextIO", _LogStream(stream if stream is not None else sys.stderr))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            _with_service(service),
            structlog.processors.JSONRenderer(_to_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_LibraryLines(service))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _LogStream:
    """A stream whose lines may be lost, where a full disk or a closed pipe takes none: what they tell of goes on.

    How many were lost is told by the first line that is taken again.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0

    def write(self, line: str) -> int:
        try:
            if self._lost:
                self._stream.write(
                    json.dumps({"event": "log lines lost", "level": "error", "count": self._lost}) + "\n"
                )
                self._stream.flush()
                self._lost = 0
            self._stream.write(line)
            self._stream.flush()
        except (OSError, ValueError):  # a ValueError is a closed stream's
            self._lost += 1
        return len(line)

    def flush(self) -> None:
        """Nothing is left to flush: each line is, as it is written."""


def _to_json(event: object, **_options: object) -> str:
    return _encoder.encode(event)


def _with_service(service: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event.setdefault("service", service)
        traceparent = current_traceparent()
        if traceparent is not None:
            event["trace_id"] = traceparent.split("-")[1]
        return event

    return add


class _LibraryLines(logging.Formatter):
    """Libraries' lines in the same shape: logger and format.

    Not the values filled in, which may be personal, but for loggers known to be harmless.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._render = structlog.processors.JSONRenderer(_to_json)
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "event": (record.getMessage() if record.name in _HARMLESS else str(record.msg))[:300],
            "logger": record.name,
            "level": record.levelname.lower(),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info and record.exc_info[0] is not None:
            event["error"] = record.exc_info[0].__name__
        line = self._render(None, "", {**event, "service": self._service})
        return line if isinstance(line, str) else line.decode()
