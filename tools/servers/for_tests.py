"""The servers of one test run: each given by its address, else a container, else started here, else none."""

import fcntl
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from servicekit.testing.servers import VARIABLES
from tools.servers.__main__ import SERVERS, Server, start
from tools.servers.home import ServerError, default_home, opened

KEEP = "ACCOUNTS_KEEP_SERVERS"  # set: what was started is left running, for the next run to be quick


@dataclass
class TestServers:
    """What was found: variables for the tests, and for each server where it is from or why there is none."""

    __test__ = False  # no test class, whatever its name says

    environment: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, server: str, note: str, environment: dict[str, str]) -> None:
        self.environment |= environment
        self.notes[server] = note


@contextmanager
def servers_for_tests() -> Iterator[TestServers]:
    """Find or start each server. At the end what was started is stopped, unless another run still uses it."""
    found = TestServers()
    with ExitStack() as stack:
        wanted = []
        for server in SERVERS:
            variable = VARIABLES[server.title]
            if os.environ.get(variable):
                found.add(server.title, f"given as {variable}", {})
            else:
                wanted.append(server)
        if wanted and _docker_runs():
            wanted = _start_containers(wanted, found, stack)
        if wanted:
            _start_local(wanted, found, stack)
        yield found


def _docker_runs() -> bool:
    from tools.servers.containers import docker_runs  # not before it is needed: slow to import

    return docker_runs()


def _start_containers(wanted: list[Server], found: TestServers, stack: ExitStack) -> list[Server]:
    """Returns those that could not be had as containers."""
    from tools.servers.containers import IMAGES, start_container

    failed = []
    with ThreadPoolExecutor() as pool:
        starting = {server: pool.submit(start_container, server.title) for server in wanted}
        for server, started in starting.items():
            try:
                container, addresses = started.result()
            except ServerError as error:
                found.add(server.title, str(error), {})
                failed.append(server)
            else:
                stack.callback(container.stop)
                found.add(server.title, f"container of {IMAGES[server.title].name}", addresses)
    return failed


def _start_local(wanted: list[Server], found: TestServers, stack: ExitStack) -> None:
    usable = []
    for server in wanted:
        reason = server.missing()
        if reason is None:
            usable.append(server)
        else:
            found.add(server.title, "; ".join(filter(None, [found.notes.get(server.title), reason])), {})
    if not usable:
        return
    path = default_home()
    with opened(path) as home, ThreadPoolExecutor() as pool:
        stack.callback(_stop_local, path, _use(path))
        starting = {server: pool.submit(start, home, server) for server in usable}
        for server, started in starting.items():
            try:
                if started.result():
                    _remember(path, server.name)
            except ServerError as error:
                server.stop(home)
                found.add(server.title, str(error), {})
            else:
                found.add(server.title, "started on this machine", server.environment(home))


def _use(path: Path) -> int:
    """Count as a user of the servers, for as long as this process lives or the handle is open."""
    handle = os.open(path / "users", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def _remember(path: Path, name: str) -> None:
    started = _started(path) | {name}
    (path / "started.json").write_text(json.dumps(sorted(started)))


def _started(path: Path) -> set[str]:
    """The servers that test runs have started and not stopped yet."""
    try:
        return set(json.loads((path / "started.json").read_text()))
    except (OSError, ValueError):
        return set()


def _stop_local(path: Path, use: int) -> None:
    """Stop what test runs have started, if this was the last of them."""
    try:
        with opened(path) as home:
            if os.environ.get(KEEP):
                return
            try:
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return  # another run uses them, and will stop them
            names = _started(path)
            for server in SERVERS:
                if server.name in names:
                    server.stop(home)
            (path / "started.json").unlink(missing_ok=True)
    finally:
        os.close(use)
