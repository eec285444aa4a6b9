"""A PostgreSQL of our own: started with us, on a socket only we can use, and gone when we are gone.

It is durable (fsync on), needs a password, listens on no network address, and is stopped by the kernel even
when this process is killed. As root it runs as an unprivileged user.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from embedded.postgres_binaries import Binaries, find_binaries, record_binaries, runnable_by
from embedded.postgres_cluster import SUPERUSER, check_cluster, make_cluster, read_password
from embedded.postgres_errors import (
    DataDirectoryIncomplete,
    DataDirectoryInUse,
    DataDirectoryUnusable,
    DiskFull,
    EmbeddedPostgresError,
    ServerDidNotStart,
    is_disk_full,
)
from embedded.postgres_process import (
    PORT,
    child_command,
    child_environment,
    data_argument,
    last_lines,
    socket_directory,
    socket_files,
    wait_for_orphans,
)
from embedded.postgres_user import ServerUser, server_user

__all__ = ["Binaries", "EmbeddedPostgres", "EmbeddedPostgresError", "find_binaries"]

START_PATIENCE = 300.0  # seconds; recovery after a crash replays at most max_wal_size
STOP_PATIENCE = 60.0  # seconds for a fast shutdown, which writes everything out
LARGEST_LOG = 8 * 1024 * 1024  # bytes; a larger one is set aside at the next start

# Small, for one machine and a few dozen connections.
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "jit": "off",
    "huge_pages": "off",
    "max_parallel_workers_per_gather": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Statements and details hold personal data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "cluster_name": "customer-accounts",
}


class EmbeddedPostgres:
    """The PostgreSQL of one data directory. Use as a context manager, or `start` and `stop`.

    `fsync=False` is for tests: a crash of the machine may then lose the database.
    """

    def __init__(self, directory: Path, *, fsync: bool = True) -> None:
        self.directory = Path(os.path.abspath(directory))  # noqa: PTH100 - keeps symbolic links, unlike resolve
        self._fsync = fsync
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None
        self._user: ServerUser | None = None

    @property
    def died(self) -> bool:
        """Whether the server was started and has ended without being stopped."""
        return self._process is not None and self._process.poll() is not None

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> str:
        """Start the server, making an empty database the first time. Returns the superuser's URL.

        Only from the main thread: the kernel ends the server when the thread that started it ends.
        Raises EmbeddedPostgresError.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("the embedded PostgreSQL must be started from the main thread")
        if self._process is not None:
            raise RuntimeError("the embedded PostgreSQL was started already")
        _make_directory(self.directory)
        user = server_user(self.directory)
        _check_reach(self.directory, user)
        self._lock = _acquire_lock(self.directory, user)
        try:
            return self._start(user)
        except BaseException:
            self.stop()
            raise

    def revive(self) -> None:
        """Start the server again after it has died, at the same URL. Only from the main thread.

        Raises EmbeddedPostgresError; it can be tried again then.
        """
        user, sockets = self._user, self._sockets
        if not self.died or user is None or sockets is None:
            raise RuntimeError("the embedded PostgreSQL has not died")
        wait_for_orphans(self.directory / "cluster")
        if not check_cluster(self.directory):
            raise DataDirectoryIncomplete(self.directory, missing=["cluster"])
        self._run(runnable_by(find_binaries(self.directory), user, self.directory), user, sockets)

    def _start(self, user: ServerUser) -> str:
        wait_for_orphans(self.directory / "cluster")
        exists = check_cluster(self.directory)
        binaries = runnable_by(find_binaries(self.directory), user, self.directory)
        if not exists:
            make_cluster(self.directory, binaries, user)
        record_binaries(self.directory, binaries)
        user.own(self.directory / "binaries.json")
        self._user, self._sockets = user, socket_directory(self.directory, user)
        self._run(binaries, user, self._sockets)
        password = quote(read_password(self.directory), safe="")
        return f"postgresql://{SUPERUSER}:{password}@/postgres?host={quote(str(self._sockets), safe='')}&port={PORT}"

    def _run(self, binaries: Binaries, user: ServerUser, sockets: Path) -> None:
        cluster, log = self.directory / "cluster", self.directory / "log"
        # Nothing runs on this cluster, so what a killed server left is stale, whatever process has its number now.
        for stale in (cluster / "postmaster.pid", *socket_files(sockets)):
            stale.unlink(missing_ok=True)
        settings = {**SETTINGS, "unix_socket_directories": str(sockets)}
        if binaries.major >= 18:
            settings["io_method"] = "sync"  # no processes of its own
        if not self._fsync:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.rename(log.with_suffix(".old"))
        with log.open("ab") as output:
            began = output.tell()
            self._process = subprocess.Popen(
                [
                    *child_command(cluster, user),
                    binaries.program("postgres"),
                    "-D",
                    data_argument(cluster, user),
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=child_environment(),
                start_new_session=True,  # Ctrl-C is for us; the server ends when we have ended our work
            )
        user.own(log)
        self._wait_until_ready(self._process, log, began)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], log: Path, began: int) -> None:
        end = time.monotonic() + START_PATIENCE
        while not _is_ready(self.directory / "cluster", process.pid):
            ended = process.poll() is not None
            if ended or time.monotonic() > end:
                with log.open("rb") as file:
                    file.seek(began)
                    said = file.read().decode("utf-8", "replace")
                if is_disk_full(said):
                    raise DiskFull(self.directory)
                what = "PostgreSQL ended as soon as it was started" if ended else "PostgreSQL did not get ready"
                raise ServerDidNotStart(what, log=last_lines(said))
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop the server, everything written out, and give the data directory free. Does nothing the second time."""
        if self._process is not None:
            for step, patience in ((signal.SIGINT, STOP_PATIENCE), (signal.SIGQUIT, 10.0), (signal.SIGKILL, None)):
                try:
                    self._process.send_signal(step)
                    self._process.wait(patience)
                    break
                except subprocess.TimeoutExpired:
                    continue
            self._process = None
        if self._sockets is not None and self._sockets.parent != self.directory:
            for left in socket_files(self._sockets):
                left.unlink(missing_ok=True)
            self._sockets.rmdir()
        self._sockets = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _make_directory(directory: Path) -> None:
    """Make the data directory where it isn't there; an existing one, and all above it, keep their modes."""
    try:
        # As root the server is another user, who has to pass through; what is in it protects itself.
        directory.mkdir(mode=0o755 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise DataDirectoryUnusable(directory, "it is a file") from None
    except OSError as error:
        raise DataDirectoryUnusable(directory, error.strerror or str(error)) from error


def _check_reach(directory: Path, user: ServerUser) -> None:
    if user.switches and sys.platform != "linux" and not user.can_reach(directory):
        reason = "PostgreSQL does not run as root, and the user nobody cannot pass through a directory above it"
        raise DataDirectoryUnusable(directory, reason)


def _acquire_lock(directory: Path, user: ServerUser) -> int:
    """Hold the data directory's lock, which the kernel releases with this process. Raises DataDirectoryInUse."""
    path = directory / "lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DataDirectoryUnusable(directory, error.strerror or str(error)) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(lock, 20)
        os.close(lock)
        raise DataDirectoryInUse(directory, pid=int(holder) if holder.isdigit() else None) from None
    user.own(path)
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _is_ready(cluster: Path, pid: int) -> bool:
    """Whether the server says so in its pid file: the process in the first line, its state in the eighth."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
