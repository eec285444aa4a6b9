"""The data directory of an embedded installation: its secret, and the credentials made at the first start."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

OURS = frozenset({"secret", "credentials", "postgres"})  # a killed first start leaves at least one of them


class StateError(Exception):
    """The data directory can't be used; the message says why and what to do."""


class DatabaseMissing(StateError):
    """There are credentials of a first start whose database isn't there."""

    def __init__(self, directory: Path, seen: str) -> None:
        super().__init__(
            f"the database is missing: {seen}, but {directory / 'credentials'} was made with one. "
            f"Restore {directory} from a backup; or choose another --data; or, if that data may be lost, "
            f"delete {directory} and start anew."
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to get in: a staff member's sign-in, and an API key."""

    email: str
    password: str
    api_key: str


def check_directory(directory: Path) -> None:
    """Refuse a directory that holds something else, which would be mixed with ours. Raises StateError."""
    try:
        held = {path.name for path in directory.iterdir() if not path.name.startswith(".")} - {"lost+found"}
    except FileNotFoundError:
        return
    except OSError as error:
        raise StateError(f"{directory} can't be used for data: {error.strerror}. Choose another --data.") from None
    if held and not held & OURS:
        raise StateError(
            f"{directory} holds something else ({', '.join(sorted(held)[:3])}) and nothing of ./accounts up. "
            "Choose an empty or a new directory with --data."
        )


def check_database(directory: Path) -> None:
    """Refuse to begin an empty database beside the credentials of one that is gone. Raises StateError."""
    if (directory / "credentials").exists() and not (directory / "postgres" / "cluster").exists():
        raise DatabaseMissing(directory, f"{directory / 'postgres'} is gone")


def read_secret(directory: Path) -> str:
    """The installation's secret, made at the first start. Raises StateError."""
    path = directory / "secret"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        if (directory / "postgres").exists():
            raise StateError(
                f"{path} is missing, but {directory} holds a database whose passwords were made from it. "
                "Put the file back from a backup, or begin anew in another directory with --data."
            ) from None
    except OSError as error:
        raise StateError(f"{path} can't be read: {error.strerror}.") from None
    write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def read_credentials(directory: Path) -> Credentials | None:
    """The credentials, or None before the first start is complete. Raises StateError."""
    path = directory / "credentials"
    try:
        return Credentials(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        raise StateError(f"{path} can't be read or is damaged. Delete it, and new credentials are made.") from None


def write_credentials(directory: Path, credentials: Credentials) -> None:
    """Keep the credentials, for this user's eyes only."""
    write_private(directory / "credentials", json.dumps(asdict(credentials), indent=2) + "\n")


def write_running(directory: Path, database_url: str) -> None:
    """Tell other commands of this user how to reach the database while it runs."""
    write_private(directory / "running", database_url + "\n")


def write_address(directory: Path, url: str) -> None:
    """Tell other commands of this user where it answers."""
    write_private(directory / "address", url + "\n")


def read_address(directory: Path) -> str | None:
    """Where it answered when it was last started; None if it never was."""
    try:
        return (directory / "address").read_text().strip() or None
    except OSError:
        return None


def read_running(directory: Path) -> str | None:
    """How to reach the running database; None if nobody said."""
    try:
        return (directory / "running").read_text().strip() or None
    except OSError:
        return None


def write_private(path: Path, content: str) -> None:
    """Write a file as a whole or not at all, readable by this user only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StateError(f"{path} can't be written: {error.strerror}.") from None
