"""Running a service's web app on gunicorn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]


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
    options = {
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
        "accesslog": None,  # the kit logs requests itself, without addresses that tell what was searched for
    }
    _Server(build, options).run()
