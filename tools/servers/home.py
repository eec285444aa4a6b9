"""Where local servers live: their files, their ports, the user they run as, and the lock that keeps two of us apart."""

import fcntl
import json
import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
PURPOSES = (
    "postgres",
    "rabbitmq",
    "rabbitmq management",
    "rabbitmq epmd",
    "rabbitmq distribution",
    "opensearch",
    "opensearch transport",
)


class ServerError(Exception):
    """A server cannot be installed, started or stopped; the message says why and what to do."""


@dataclass(frozen=True)
class Home:
    """A directory for the servers' files. As root they run as nobody, because most refuse to be root."""

    path: Path

    def folder(self, *names: str) -> Path:
        """A directory of the servers' user, made where it isn't there."""
        path = self.path
        for name in names:
            path = path / name
            if not path.exists():
                path.mkdir(mode=0o700)
                self.own(path)
        return path

    def write(self, path: Path, content: str) -> None:
        """Write a file for the servers' user, readable by no other."""
        path.write_text(content)
        path.chmod(0o600)
        self.own(path)

    def own(self, path: Path) -> None:
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(path, nobody.pw_uid, nobody.pw_gid)

    def identity(self) -> dict[str, object]:
        """What makes a subprocess run as the servers' user."""
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def port(self, purpose: str) -> int:
        """The port for one of PURPOSES: a free one, chosen when the home was made and kept."""
        ports: dict[str, int] = json.loads((self.path / "ports.json").read_text())
        return ports[purpose]


def default_home() -> Path:
    """ACCOUNTS_SERVERS_HOME, else a directory that an unprivileged user can reach too."""
    given = os.environ.get("ACCOUNTS_SERVERS_HOME")
    return Path(given).absolute() if given else Path(f"/var/tmp/customer-accounts-servers-{os.geteuid()}")  # noqa: S108


@contextmanager
def opened(path: Path) -> Iterator[Home]:
    """The home, made where it isn't there, and held against other processes while in use."""
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    _check_usable(path)
    with (path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _choose_ports(path / "ports.json")
        yield Home(path)


def _check_usable(path: Path) -> None:
    """Ours, and as root within reach of the servers' user. Raises ServerError."""
    if path.stat().st_uid != os.geteuid():
        raise ServerError(f"{path} belongs to somebody else; set ACCOUNTS_SERVERS_HOME to a directory of your own")
    closed = [folder for folder in (path, *path.parents) if not folder.stat().st_mode & 0o001]
    if os.geteuid() == 0 and closed:
        raise ServerError(
            f"the servers run as nobody, who cannot pass through {closed[-1]}; "
            "set ACCOUNTS_SERVERS_HOME to a directory that everyone can reach"
        )


def _choose_ports(path: Path) -> None:
    ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    missing = [purpose for purpose in PURPOSES if purpose not in ports]
    for purpose in missing:
        ports[purpose] = _free_port(taken=set(ports.values()))
    if missing:
        path.write_text(json.dumps(ports, indent=1) + "\n")


def _free_port(taken: set[int]) -> int:
    """A port below the range that the kernel hands out to clients, so that none takes it while the server is down."""
    for port in range(21000 + os.getpid() % 8000, 32000):
        if port in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise ServerError("no free port between 21000 and 32000")
