"""Processes of the product and of the baselines: started as they are deployed, ended when the measurement ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Child:
    """A running process, and where its output is."""

    process: subprocess.Popen[bytes]
    log: Path

    def require_alive(self) -> None:
        """Raise if it has ended."""
        if self.process.poll() is not None:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise RuntimeError(f"{self.log.stem} ended with {self.process.returncode}:\n{tail}")


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process' environment with the modules of the checkout in reach, and these settings."""
    paths = [str(ROOT), str(ROOT / "shared"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **settings}


@contextmanager
def running(name: str, arguments: Sequence[str], settings: Mapping[str, str], directory: Path) -> Iterator[Child]:
    """``python <arguments>`` with these settings, until the block ends; its output is in ``directory``."""
    log = directory / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments], env=environment(settings), cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield Child(process, log)
    finally:
        process.send_signal(signal.SIGCONT)  # one that was stopped could not end
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_port(child: Child, port: int) -> None:
    """Wait until the process listens there. Raises RuntimeError."""
    wait_until(f"{child.log.stem} to listen", lambda: _listens(port), child=child)


def wait_until(
    what: str,
    is_so: Callable[[], bool],
    *,
    child: Child | None = None,
    seconds: float = START_SECONDS,
    every: float = 0.02,
) -> None:
    """Look until it is so. Raises RuntimeError when it takes too long, or ``child`` ends meanwhile."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if child is not None:
            child.require_alive()
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:.0f} s for {what}")
        time.sleep(every)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
