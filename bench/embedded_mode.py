"""The embedded mode: how soon it answers at its second start, and the memory of all its processes."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.client import Client
from bench.measure import Row
from bench.people import bodies
from bench.processes import ROOT, START_SECONDS, Child, free_port, running, wait_until
from bench.stand import Stand

AIM_SECONDS = 5.0
AIM_MEGABYTES = 400.0


@dataclass(frozen=True, slots=True)
class Up:
    """A running ``./accounts up``. ``began`` is when it was started; ``email`` and ``password`` sign a person in."""

    child: Child
    port: int
    api_key: str
    began: float
    email: str
    password: str


def measure(stand: Stand, quick: bool) -> list[Row]:
    """A first start makes the installation; each later one has to answer a search."""
    starts, requests = (1, 20) if quick else (5, 500)
    directory = stand.directory / "embedded"
    with running_up(directory):
        pass
    seconds = []
    for _ in range(starts):
        with running_up(directory) as up:
            search = Client(up.port, up.api_key)
            search.get("/v1/search/customers?q=anna")
            seconds.append(time.perf_counter() - up.began)
            fresh = memory_megabytes(up.child.process.pid)
            _use(up, search, requests)
            used = memory_megabytes(up.child.process.pid)
    return [
        Row(
            name="starting",
            what="embedded: second start to the first answer",
            ours=statistics.median(seconds),
            unit="s",
            aim=AIM_SECONDS,
            details={"starts": seconds},
        ),
        Row(
            name="starting",
            what=f"embedded: memory of all processes (PSS) after {requests} requests",
            ours=sum(used.values()),
            unit="MB",
            aim=AIM_MEGABYTES,
            details={"after_start": fresh, "after_requests": used},
        ),
    ]


@contextmanager
def running_up(directory: Path, *, demo: int = 100, patience: float = START_SECONDS) -> Iterator[Up]:
    """``./accounts up`` with this data directory, once it says that it answers; ``demo`` customers at first."""
    directory.mkdir(exist_ok=True)
    port, log = free_port(), directory / "up.log"
    log.unlink(missing_ok=True)
    began = time.perf_counter()
    # Under ./accounts bench the interpreter is .venv's, and the launcher is measured too.
    launcher = [str(ROOT / "accounts"), "up"] if Path(sys.prefix) == ROOT / ".venv" else ["-m", "embedded.up"]
    arguments = [*launcher, "--port", str(port), "--data", str(directory / "data"), "--json", "--demo", str(demo)]
    with running("up", arguments, {}, directory) as child:
        wait_until("up to answer", lambda: _announcement(log) is not None, child=child, seconds=patience, every=0.005)
        announced = _announcement(log)
        if announced is None:
            raise SystemExit("up did not say how to reach it")
        yield Up(child, port, announced["api_key"], began, announced["email"], announced["password"])


def _announcement(log: Path) -> dict[str, str] | None:
    for line in log.read_text().splitlines():
        if line.startswith('{"url"'):
            try:
                found: dict[str, str] = json.loads(line)
            except ValueError:  # half written
                return None
            return found
    return None


def _use(up: Up, search: Client, requests: int) -> None:
    """Writes, reads and searches in turn."""
    customers = Client(up.port, up.api_key)
    for number, body in enumerate(bodies(requests)):
        if number % 3 == 0:
            customers.post("/v1/customers", body)
        elif number % 3 == 1:
            customers.get("/v1/customers?limit=50")
        else:
            search.get("/v1/search/customers?q=anna&limit=20")


def memory_megabytes(pid: int) -> dict[str, float]:
    """Proportional set size of a process and all that it has started, by program. PostgreSQL's run as another user
    where we are root; what can't be read raises PermissionError."""
    found: dict[str, float] = {}
    for process in _tree(pid):
        try:
            name = Path(f"/proc/{process}/comm").read_text().strip()
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
        kilobytes = sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        found[name] = found.get(name, 0.0) + kilobytes / 1024
    return found


def _tree(pid: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
    found = [pid]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found
