"""Processes that outlive the command that started them."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.servers.home import LOOPBACK, Home, ServerError

PATIENCE = 180.0  # seconds for a server to answer; OpenSearch on a busy machine takes a minute


def spawn(home: Home, command: Sequence[str], *, log: Path, cwd: Path, environment: Mapping[str, str]) -> int:
    """Start a server as the servers' user, in a session of its own. Returns its process number."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # type: ignore[call-overload]
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={"PATH": os.environ["PATH"], "HOME": str(cwd), "LC_ALL": "C.UTF-8", **environment},
            start_new_session=True,
            **home.identity(),
        )
    pid: int = process.pid
    process.returncode = 0  # it is meant to stay; nobody waits for it
    return pid


def wait_until(name: str, ready: Callable[[], bool], *, pid: int, log: Path) -> None:
    """Wait for a server to answer. Raises ServerError, with the end of its log, when it ends or takes too long."""
    end = time.monotonic() + PATIENCE
    while not ready():
        if not is_running(pid) or time.monotonic() > end:
            said = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise ServerError(f"{name} ended, or did not answer within {PATIENCE:.0f} s. The end of {log}:\n{said}")
        time.sleep(0.1)


def is_running(pid: int) -> bool:
    """Whether the process lives; one that has ended and wasn't waited for doesn't."""
    with contextlib.suppress(ChildProcessError):  # not ours
        os.waitpid(pid, os.WNOHANG)
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def pid_of(path: Path, word: str) -> int | None:
    """The process in a pid file, if it lives and has `word` in its command line: numbers are used again."""
    try:
        pid = int(path.read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return None
    return pid if word.encode() in command and is_running(pid) else None


def stop(pid: int | None, with_signal: signal.Signals = signal.SIGTERM) -> None:
    """End a process and wait until it has ended; one that doesn't is killed."""
    if pid is None:
        return
    for step, patience in ((with_signal, 30.0), (signal.SIGKILL, 10.0)):
        try:
            os.kill(pid, step)
        except ProcessLookupError:
            return
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if not is_running(pid):
                return
            time.sleep(0.02)


def is_listening(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
