"""gunicorn's own lines look like all others: one JSON object each."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]

from servicekit.logging import configure
from servicekit.web.serve import JsonLogger, settings


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root, gunicorn = logging.getLogger(), logging.getLogger("gunicorn.error")
    before = (root.handlers[:], root.level, gunicorn.handlers[:], gunicorn.level, gunicorn.propagate)
    written = io.StringIO()
    configure("customers", stream=written)
    yield written
    root.handlers[:], root.level, gunicorn.handlers[:], gunicorn.level, gunicorn.propagate = before


def test_a_line_of_gunicorn_is_json_and_an_address_is_not_in_it(lines: io.StringIO) -> None:
    config = Config()
    for name, value in settings(bind="127.0.0.1:0", workers=1, threads=1).items():
        config.set(name, value)
    logger = config.logger_class(config)
    assert isinstance(logger, JsonLogger)

    logger.info("Listening at: %s (%s)", "http://127.0.0.1:8000", 7)
    try:
        raise ValueError("anna@example.com")
    except ValueError:
        logger.exception("Error handling request %s", "/v1/customers?email=anna@example.com")
    logger.debug("%s %s", "GET", "/v1/customers?email=anna@example.com")

    first, second = map(json.loads, lines.getvalue().splitlines())
    assert (first["event"], first["level"], first["service"]) == (
        "Listening at: http://127.0.0.1:8000 (7)",
        "info",
        "customers",
    )
    assert (second["level"], second["error"]) == ("error", "ValueError")
    assert "anna" not in lines.getvalue()
