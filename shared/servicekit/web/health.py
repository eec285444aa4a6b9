"""``/healthz`` (the process runs), ``/readyz`` (it can do its work), ``/metrics`` (Prometheus). Not for the outside."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import structlog
from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

from servicekit.auth.caller import TokenVerifier
from servicekit.db.database import Database
from servicekit.web.access import public
from servicekit.web.json_body import json_response

Check = tuple[str, Callable[[], None]]
_log = structlog.get_logger("health")


def database_check(database: Database) -> Check:
    """The database answers."""
    return "database", database.ping


def token_check(verifier: TokenVerifier) -> Check:
    """Tokens can be checked."""

    def check() -> None:
        if not verifier.ready():
            raise RuntimeError("the keys of tokens can't be had")

    return "token_keys", check


def figures() -> bytes:
    """All metrics in Prometheus' text format, of every worker process where gunicorn runs several."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def register(app: Flask, checks: Sequence[Check]) -> None:
    """Add the three addresses to this app."""

    @app.get("/healthz")
    @public()
    def healthz() -> Response:
        return json_response({"status": "ok"})

    @app.get("/readyz")
    @public()
    def readyz() -> Response:
        failed = [name for name, check in checks if not _passes(name, check)]
        return json_response(
            {"status": "ok" if not failed else "unavailable", "failed": failed}, 503 if failed else 200
        )

    @app.get("/metrics")
    @public()
    def metrics() -> Response:
        return Response(figures(), content_type=CONTENT_TYPE_LATEST)


def _passes(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is "not ready"
        _log.warning("not_ready", check=name, error=type(error).__name__)
        return False
    return True
