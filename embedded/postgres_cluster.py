"""The database files: looked at before they are used, and made anew only where there have never been any.

In the data directory: `cluster` (PostgreSQL's own), `password` (0600), `binaries.json`, `log`, `lock`, and as root
`binaries`. The order in which they are made lets a set-up that was killed at any point start over: the
password first, then the cluster by one rename, then the record of the binaries.
"""

import errno
import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from embedded.postgres_binaries import Binaries
from embedded.postgres_errors import (
    DataDirectoryIncomplete,
    DataDirectoryUnusable,
    DiskFull,
    ServerDidNotStart,
    is_disk_full,
)
from embedded.postgres_process import (
    child_command,
    child_environment,
    data_argument,
    last_lines,
)
from embedded.postgres_user import ServerUser

SUPERUSER = "accounts"
NEEDED = ("PG_VERSION", "global/pg_control", "base", "global", "pg_wal", "pg_xact", "postgresql.conf", "pg_hba.conf")
SCRATCH = "cluster.new-"
# From this version on PostgreSQL brings its own C.UTF-8, the same on every system.
BUILTIN_LOCALE_MAJOR = 17


def check_cluster(directory: Path) -> bool:
    """Whether there is a cluster to start. False: there has never been one, so that one may be made.

    Raises DataDirectoryIncomplete when there is or was one and something is missing: it is never made anew.
    """
    cluster = directory / "cluster"
    if not cluster.exists():
        if (directory / "binaries.json").exists():  # written after the cluster was complete
            raise DataDirectoryIncomplete(directory, missing=["cluster"])
        return False
    missing = [name for name in NEEDED if not (cluster / name).exists()]
    if not (directory / "password").exists():
        missing.append(str(directory / "password"))
    if missing:
        raise DataDirectoryIncomplete(cluster, missing=missing)
    return True


def read_password(directory: Path) -> str:
    return (directory / "password").read_text().strip()


def make_cluster(directory: Path, binaries: Binaries, user: ServerUser) -> None:
    """Make an empty cluster beside its final place and rename it there, so that there is a whole one or none.

    Raises DiskFull, DataDirectoryUnusable, ServerDidNotStart.
    """
    try:
        for left_over in directory.glob(f"{SCRATCH}*"):
            shutil.rmtree(left_over)
        _make_password(directory, user)
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=directory))
        try:
            data = _initialize(scratch, directory, binaries, user)
            data.rename(directory / "cluster")
            _sync(directory)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(directory) from None
        raise DataDirectoryUnusable(directory, error.strerror or str(error)) from error


def _make_password(directory: Path, user: ServerUser) -> None:
    path = directory / "password"
    if path.exists() and path.read_text().strip():
        return
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    user.own(path)


def _initialize(scratch: Path, directory: Path, binaries: Binaries, user: ServerUser) -> Path:
    """Run initdb in `scratch`, which is removed whatever happens. Returns the cluster."""
    scratch.chmod(0o711)
    data = scratch / "data"
    data.mkdir(mode=0o700)
    user.own(data)
    locale = ["--locale=C.UTF-8"]
    if binaries.major >= BUILTIN_LOCALE_MAJOR:
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command = [
        binaries.program("initdb"),
        "-D",
        data_argument(data, user),
        f"--username={SUPERUSER}",
        "--auth=scram-sha-256",
        "--pwfile=/dev/stdin",
        "--encoding=UTF8",
        "--data-checksums",
        *locale,
    ]
    with (directory / "password").open() as password:  # by descriptor: its user may not be able to reach the path
        done = subprocess.run(
            [*child_command(data, user), *command],
            stdin=password,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=child_environment(),
            text=True,
            errors="replace",
            check=False,
        )
    if done.returncode != 0:
        if is_disk_full(done.stdout):
            raise DiskFull(directory)
        raise ServerDidNotStart(f"initdb of PostgreSQL {binaries.version} failed", log=last_lines(done.stdout))
    return data


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
