"""Processes stop when told, end with a status that says how it went, and answer for their health."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from servicekit.process import health_server

_PROGRAM = """
import sys, threading
from servicekit.process import run_process

def patient(stop):
    print("up", flush=True)
    stop.wait()
    print("stopped", flush=True)

def deaf(stop):
    print("up", flush=True)
    threading.Event().wait()

def failing(stop):
    raise ValueError("a secret value")

def ending(stop):
    pass

run_process("test", globals()[sys.argv[1]])
"""


@contextmanager
def _process(run: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _PROGRAM, run]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_it_finish(number: signal.Signals) -> None:
    with _process("patient") as process:
        assert _first_line(process) == "up\n"
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
        assert (output, process.returncode) == ("stopped\n", 0)


def test_a_second_signal_ends_it_at_once() -> None:
    with _process("deaf") as process:
        assert _first_line(process) == "up\n"
        process.terminate()
        assert process.stderr is not None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        process.terminate()
        assert process.wait(timeout=10) == 1


@pytest.mark.parametrize("run", ["failing", "ending"])
def test_one_that_fails_or_ends_unasked_says_so(run: str) -> None:
    with _process(run) as process:
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 1
        assert '"event": "process_' in errors
        assert "secret" not in errors


def test_health_is_answered_on_a_port_of_its_own() -> None:
    def broken() -> None:
        raise RuntimeError

    checks = [("works", lambda: None), ("engine", broken)]
    with health_server("test", checks, host="127.0.0.1", port=0) as port:
        address = f"http://127.0.0.1:{port}"
        assert httpx2.get(f"{address}/healthz").status_code == 200
        ready = httpx2.get(f"{address}/readyz")
        assert (ready.status_code, ready.json()["failed"]) == (503, ["engine"])
        assert "python_info" in httpx2.get(f"{address}/metrics").text
