"""Running a service's web app on gunicorn."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]


class JsonLogger(Logger):
    """gunicorn's own lines, given to the handler that ``servicekit.logging`` has set up for every library."""

    def setup(self, cfg: Any) -> None:
        """Nothing but the level: a handler of gunicorn's would write its own form."""
        self.cfg = cfg
        self.loglevel = logging.INFO
        self.error_log.setLevel(logging.INFO)
        self.error_log.propagate = True

    def info(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """With its values: at this level they are process IDs, signals and our own address, nothing personal."""
        self.error_log.info(msg % args if args else msg, **kwargs)


class _Server(BaseApplication):
    """gunicorn, configured here instead of by files and flags."""

    def __init__(self, build: Callable[[], object], options: dict[str, Any]) -> None:
        self._build = build
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            if name in self.cfg.settings:  # older versions lack some
                self.cfg.set(name, value)

    def load(self) -> object:
        return self._build()


def serve(build: Callable[[], object], *, bind: str, workers: int, threads: int) -> None:
    """Serve the WSGI app that ``build`` makes, once in each worker process, until SIGTERM; then finish what runs.

    Connections to databases are thus never shared by processes.
    """
    _Server(build, settings(bind=bind, workers=workers, threads=threads)).run()


def settings(*, bind: str, workers: int, threads: int) -> dict[str, Any]:
    """gunicorn's settings, by its own names."""
    return {
        "bind": bind,
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "graceful_timeout": 25,
        "timeout": 60,
        "keepalive": 5,
        # The heartbeat file must not wait for a disk.
        "worker_tmp_dir": "/dev/shm",  # noqa: S108
        "control_socket_disable": True,  # by default one file in the home directory, the same for every service
        "logger_class": JsonLogger,
        "accesslog": None,  # the kit logs requests itself, without addresses that tell what was searched for
    }
