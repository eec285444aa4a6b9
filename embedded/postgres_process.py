"""How a PostgreSQL program is started, what is found of one that runs, and where its socket can be."""

import hashlib
import os
import re
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from embedded.postgres_errors import ServerStillRunning
from embedded.postgres_user import ServerUser

PORT = 5432  # only names the socket; nothing listens on it
LONGEST_SOCKET_PATH = 103  # bytes; 107 on Linux, 103 on macOS
ORPHAN_PATIENCE = 30.0  # seconds for the server of a killed parent to end; it was told to by the kernel


def child_command(directory: Path, user: ServerUser) -> list[str]:
    """The words before a PostgreSQL command that run it in `directory`, as `user`, ending with this process."""
    program = str(Path(__file__).with_name("postgres_child.py"))
    words = [sys.executable, "-I", "-S", program, os.getpid(), directory, user.uid, user.gid]
    return [str(word) for word in words]


def child_environment() -> dict[str, str]:
    """Our environment without what would change PostgreSQL's mind: its own variables and the language."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C"}


def data_argument(data: Path, user: ServerUser) -> str:
    """How a program that was started in the data directory is told where that is.

    As root on Linux by its current directory: the server's user needn't be able to reach it by its path
    (a checkout in a 0700 home, say), and no parent directory's mode has to change.
    """
    return "/proc/self/cwd" if user.switches and sys.platform == "linux" else str(data)


def processes_in(cluster: Path) -> list[int]:
    """The processes of a PostgreSQL on this cluster: on Linux all whose current directory it is."""
    if sys.platform != "linux":
        return [pid for pid in _pid_in_file(cluster) if _is_alive(pid)]
    try:
        wanted = cluster.stat()
    except FileNotFoundError:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                there = (entry / "cwd").stat()
            except OSError:  # it has just ended, or is another user's
                continue
            if (there.st_dev, there.st_ino) == (wanted.st_dev, wanted.st_ino):
                found.append(int(entry.name))
    return found


def wait_for_orphans(cluster: Path) -> None:
    """Wait until the server of a killed parent has ended. Needs the data directory's lock.

    Raises ServerStillRunning when one stays: somebody has started it by hand.
    """
    if sys.platform != "linux":  # no kernel told it
        for pid in processes_in(cluster):
            os.kill(pid, signal.SIGINT)
    end = time.monotonic() + ORPHAN_PATIENCE
    while pids := processes_in(cluster):
        if time.monotonic() > end:
            raise ServerStillRunning(cluster, pids=pids)
        time.sleep(0.02)


def socket_directory(directory: Path, user: ServerUser) -> Path:
    """A directory of mode 0700 for the server's socket: in the data directory, else a short one for temporary files.

    A path is limited to about a hundred bytes, and a comma or a quote in it has a meaning of its own.
    """
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    candidates = [directory / "socket"]
    candidates += [Path(folder) / f"accounts-{user.uid}-{name}" for folder in (tempfile.gettempdir(), "/tmp")]  # noqa: S108
    for path in candidates:
        if _is_short_and_plain(path) and user.can_reach(path.parent) and _make_private(path, user):
            return path
    path = Path(tempfile.mkdtemp(prefix="accounts-", dir="/tmp"))
    user.own(path)
    return path


def socket_files(directory: Path) -> Iterator[Path]:
    return directory.glob(f".s.PGSQL.{PORT}*")


def _is_short_and_plain(path: Path) -> bool:
    fits = len(os.fsencode(path / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH
    return fits and re.fullmatch(r"[\w/.+-]+", str(path), re.ASCII) is not None


def _make_private(path: Path, user: ServerUser) -> bool:
    """Make the directory, or find that it is ours already and nobody else's. False where it can't be had."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == user.uid and not found.st_mode & 0o077
    except OSError:
        return False
    user.own(path)
    return True


def _pid_in_file(cluster: Path) -> Iterator[int]:
    try:
        yield int((cluster / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def last_lines(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-10:])
