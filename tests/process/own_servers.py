"""Servers of a test's own, which it may kill and stop without harm to others."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.process.waiting import wait_until
from tools.servers.__main__ import Server, start
from tools.servers.daemon import is_running
from tools.servers.home import Home, opened
from tools.servers.postgres import SETTINGS, PostgresServer


class DurablePostgresServer(PostgresServer):
    """As in production: what is acknowledged is on the disk."""

    settings = SETTINGS.replace("= off", "= on").replace("jit = on", "jit = off")


class OwnServers:
    """Some servers in a directory of their own, on ports of their own."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def environment(self, server: Server) -> dict[str, str]:
        """Where it is, as in the environment of tests."""
        return server.environment(self._home)

    def start(self, server: Server) -> None:
        """Start it where it isn't up. Raises ServerError."""
        start(self._home, server)

    def kill(self, server: Server) -> None:
        """kill -9, and wait until all of it is gone."""
        pid = self._pid(server)
        os.kill(pid, signal.SIGKILL)
        folder = str(self._home.path / server.name)
        wait_until(f"{server.title} is gone", 30.0, lambda: is_running(pid) or _working_in(folder))

    def freeze(self, server: Server) -> None:
        """SIGSTOP: it says nothing any more, but its connections stay."""
        os.kill(self._pid(server), signal.SIGSTOP)

    def thaw(self, server: Server) -> None:
        """SIGCONT."""
        os.kill(self._pid(server), signal.SIGCONT)

    def _pid(self, server: Server) -> int:
        pid = server.pid(self._home)
        assert pid is not None, f"{server.title} is not running"
        return pid


@contextmanager
def own_servers(servers: Sequence[Server]) -> Iterator[OwnServers]:
    """Start these; they end with the block, and their data goes. Raises ServerError."""
    # Not the tests' own directory: as root the servers run as another user, who couldn't get there.
    with tempfile.TemporaryDirectory(prefix="accounts-own-servers-", dir="/var/tmp") as directory:
        path = Path(directory)
        path.chmod(0o755)
        with opened(path) as home:
            own = OwnServers(home)
            try:
                for server in servers:
                    own.start(server)
                yield own
            finally:
                for server in servers:
                    pid = server.pid(home)
                    if pid is not None:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGCONT)
                    server.stop(home)


def _working_in(folder: str) -> list[str]:
    """Processes that have their working directory there: what a killed server has forked."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if str((entry / "cwd").readlink()).startswith(folder):
                    found.append(entry.name)
    return found
