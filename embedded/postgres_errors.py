"""What can stand in the way of an embedded PostgreSQL, each said so that its reader knows what to do."""

from collections.abc import Sequence
from pathlib import Path


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot start. The message says why and what to do; nothing was harmed."""


class NoPostgresBinaries(EmbeddedPostgresError):
    def __init__(self, tried: Sequence[str]) -> None:
        super().__init__(
            "No PostgreSQL was found to run. Install PostgreSQL 15 or later (Debian: apt install postgresql), "
            "or give the address of a running one as DATABASE_URL. Tried: "
            + ("; ".join(tried) or "nothing is installed")
        )


class WrongMajorVersion(EmbeddedPostgresError):
    def __init__(self, directory: Path, *, made_by: int, available: Sequence[int]) -> None:
        here = ", ".join(str(major) for major in sorted(set(available))) or "none"
        super().__init__(
            f"The data in {directory} was made by PostgreSQL {made_by}, and the versions here are: {here}. Install "
            f"PostgreSQL {made_by}, or choose another data directory. The data was not touched."
        )


class DataDirectoryInUse(EmbeddedPostgresError):
    def __init__(self, directory: Path, *, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"{directory} is in use by {holder}. Stop it first, or choose another data directory.")


class ServerStillRunning(EmbeddedPostgresError):
    def __init__(self, directory: Path, *, pids: Sequence[int]) -> None:
        listed = ", ".join(str(pid) for pid in pids)
        super().__init__(
            f"A PostgreSQL that was not started by this program still runs on {directory} (process {listed}). "
            "Stop it first (kill -INT and its process number), or choose another data directory."
        )


class DataDirectoryIncomplete(EmbeddedPostgresError):
    def __init__(self, directory: Path, *, missing: Sequence[str]) -> None:
        super().__init__(
            f"{directory} holds a database of which parts are missing: {', '.join(missing)}. It is left as it is. "
            "Restore it from a backup, or choose another data directory, or delete it to start with an empty one."
        )


class DataDirectoryOfAnother(EmbeddedPostgresError):
    def __init__(self, directory: Path, *, owner: str, user: str) -> None:
        super().__init__(
            f"{directory} belongs to {owner}, and this program runs as {user}. "
            f"Run it as {owner}, or choose another data directory."
        )


class DataDirectoryUnusable(EmbeddedPostgresError):
    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(f"{directory} cannot be used for data: {reason}. Choose another data directory.")


class UserWithoutName(EmbeddedPostgresError):
    def __init__(self, uid: int) -> None:
        super().__init__(
            f"User {uid} has no name on this system, and PostgreSQL makes no database for a user without one. "
            "Run as a user that is in /etc/passwd, or give the address of a running PostgreSQL as DATABASE_URL."
        )


class DiskFull(EmbeddedPostgresError):
    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"The disk of {directory} is full. Make room (a new database takes about 50 MB) and try again."
        )


class ServerDidNotStart(EmbeddedPostgresError):
    def __init__(self, what: str, *, log: str) -> None:
        super().__init__(f"{what}. Its last words:\n{log}" if log else f"{what}, and said nothing.")


def is_disk_full(said: str) -> bool:
    """Whether a program's or the system's message is about a full disk."""
    return "No space left on device" in said or "Disk quota exceeded" in said
