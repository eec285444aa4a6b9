"""Running a process that isn't a web server: relay, worker, indexer, scheduler."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
from environs import Env
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from servicekit import logging
from servicekit.web import health

Run = Callable[[threading.Event], None]

GRACE_SECONDS = 25.0
"""How long a process may take to finish what it has in hand; then it ends without, as if it had been killed."""
_LOOK_SECONDS = 0.2
_log = structlog.get_logger("process")


def worker_id() -> str:
    """This process' name among its like: ``WORKER_ID``, else host and process number.

    The same after a restart of a container, so that it takes up its own leases at once.
    """
    return os.environ.get("WORKER_ID") or f"{socket.gethostname()}-{os.getpid()}"


def run_process(name: str, run: Run, *, checks: Iterable[health.Check] = ()) -> None:
    """Call ``run`` and keep it running until SIGTERM or SIGINT; then set its event, wait for it, and return.

    Ends the process with status 1 if ``run`` raises, returns unasked, or takes too long to stop; a second signal
    ends it at once. With ``METRICS_PORT`` set, ``/healthz``, ``/readyz`` (``checks`` pass) and ``/metrics`` answer
    there, on ``METRICS_HOST`` (by default this machine only). ``LOG_LEVEL`` is how much is logged.
    """
    env = Env()
    logging.configure(name, level=env.str("LOG_LEVEL", "info"))
    port = env.int("METRICS_PORT", 0)
    if port:
        with health_server(name, checks, host=env.str("METRICS_HOST", "127.0.0.1"), port=port):
            status = _run_until_told(name, run)
    else:
        status = _run_until_told(name, run)
    if status:
        sys.stderr.flush()
        # Not sys.exit: threads that hang would keep it from ending.
        os._exit(status)


def together(*runs: Run) -> Run:
    """Several loops in one process, each in a thread: if one ends or fails, the others are told to stop."""

    def run(stop: threading.Event) -> None:
        failures: list[BaseException] = []
        ended = threading.Event()

        def guarded(one: Run) -> None:
            try:
                one(inner)
            except BaseException as error:
                failures.append(error)
            finally:
                ended.set()

        inner = threading.Event()
        threads = [threading.Thread(target=guarded, args=(one,), daemon=True) for one in runs]
        for thread in threads:
            thread.start()
        while not (stop.is_set() or ended.is_set()):
            stop.wait(_LOOK_SECONDS)
        inner.set()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    return run


@contextmanager
def health_server(name: str, checks: Iterable[health.Check], *, host: str, port: int) -> Iterator[int]:
    """Answer ``/healthz``, ``/readyz`` and ``/metrics`` while the block runs; the port, which for 0 is a free one."""
    app = Flask(name)
    health.register(app, list(checks))
    server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _run_until_told(name: str, run: Run) -> int:
    """Run in a thread of its own: an event set by a signal's handler could lock up the thread that waits for it."""
    stop, failures, signals = threading.Event(), [], []

    def guarded() -> None:
        try:
            run(stop)
        except BaseException as error:  # whatever it is, the process must not stay as an empty shell
            failures.append(error)

    def note(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        if len(signals) > 1:
            os._exit(1)

    previous = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        _log.info("process_started", process=name)
        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        while thread.is_alive() and not signals:
            thread.join(_LOOK_SECONDS)
        stop.set()
        thread.join(GRACE_SECONDS)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return _status(name, failures, asked=bool(signals), hangs=thread.is_alive())


def _status(name: str, failures: list[BaseException], *, asked: bool, hangs: bool) -> int:
    if failures:
        # Type and place, not the text: messages quote values, and values are personal data.
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(failures[0].__traceback__)]
        _log.error("process_failed", process=name, error=type(failures[0]).__name__, frames=frames[-12:])
    elif hangs:
        _log.error("process_did_not_stop", process=name, seconds=GRACE_SECONDS)
    elif not asked:
        _log.error("process_ended_unasked", process=name)
    else:
        _log.info("process_stopped", process=name)
        return 0
    return 1


class _Quiet(WSGIRequestHandler):
    """No line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""
