"""Who runs the server, and what that user can reach. PostgreSQL refuses to run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from embedded.postgres_errors import DataDirectoryOfAnother, DataDirectoryUnusable, UserWithoutName


@dataclass(frozen=True)
class ServerUser:
    """The user the server runs as. `switches` when that is not the user of this process: then this one is root."""

    uid: int
    gid: int
    switches: bool

    def own(self, path: Path) -> None:
        """Give a file or directory to the server's user."""
        if self.switches:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, directory: Path) -> bool:
        """Whether the user may pass through a directory and everything above it, by owner and mode."""
        resolved = directory.resolve()
        return all(self._may_enter(folder) for folder in (resolved, *resolved.parents))

    def _may_enter(self, folder: Path) -> bool:
        status = folder.stat()
        if self.uid == status.st_uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if self.gid == status.st_gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def server_user(directory: Path) -> ServerUser:
    """The user for a data directory: ourselves; or, as root, the owner of the data, else of the directory, else nobody.

    Raises DataDirectoryOfAnother, DataDirectoryUnusable, UserWithoutName.
    """
    cluster = directory / "cluster"
    if os.geteuid() != 0:
        for path in (directory, cluster):
            _check_own(path)
        if not cluster.exists() and not _has_name(os.geteuid()):
            raise UserWithoutName(os.geteuid())
        return ServerUser(os.geteuid(), os.getegid(), switches=False)
    if cluster.exists():
        status = cluster.stat()
        if status.st_uid == 0:
            raise DataDirectoryUnusable(cluster, "it belongs to root, as whom PostgreSQL does not run")
        return ServerUser(status.st_uid, status.st_gid, switches=True)
    status = directory.stat()
    if status.st_uid != 0 and _has_name(status.st_uid):
        return ServerUser(status.st_uid, status.st_gid, switches=True)
    nobody = pwd.getpwnam("nobody")
    return ServerUser(nobody.pw_uid, nobody.pw_gid, switches=True)


def _check_own(path: Path) -> None:
    """A directory that isn't ours is of use where we may write to it; a cluster only where it is our own."""
    if not path.exists():
        return
    owner = path.stat().st_uid
    writable = os.access(path, os.R_OK | os.W_OK | os.X_OK)
    if owner != os.geteuid() and (path.name == "cluster" or not writable):
        raise DataDirectoryOfAnother(path, owner=user_name(owner), user=user_name(os.geteuid()))
    if not writable:
        raise DataDirectoryUnusable(path, f"{user_name(os.geteuid())} may not write to it")


def user_name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name if _has_name(uid) else f"user {uid}"


def _has_name(uid: int) -> bool:
    """Whether the system knows the user; in a container often not. initdb refuses to run as one without a name."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
