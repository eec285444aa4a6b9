"""The servers that tests use, by their addresses in the environment.

`POSTGRES_URL`, `RABBITMQ_URL` and `OPENSEARCH_URL` name them; `./accounts test` finds or starts servers and sets the
three before pytest starts, so that parallel test processes share them. Without `POSTGRES_URL` each test process
starts an embedded PostgreSQL, so there always is one; without the others, tests that need them are skipped, or fail
where `ACCOUNTS_REQUIRE_SERVERS=1`.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

VARIABLES = {"PostgreSQL": "POSTGRES_URL", "RabbitMQ": "RABBITMQ_URL", "OpenSearch": "OPENSEARCH_URL"}
NOTES = "ACCOUNTS_SERVER_NOTES"  # JSON from ./accounts test: for each server where it is from, or why there is none
REQUIRED = "ACCOUNTS_REQUIRE_SERVERS"

StartPostgres = Callable[[Path], AbstractContextManager[str]]


@dataclass(frozen=True)
class Finding:
    """One server: its address without the password, or None; and where it is from, or why there is none."""

    server: str
    address: str | None
    note: str


class _Embedded:
    """The embedded PostgreSQL of this test process, started when it is first wanted."""

    def __init__(self) -> None:
        self.start: StartPostgres | None = None
        self.url: str | None = None
        self.running = ExitStack()


_embedded = _Embedded()


def provide_postgres(start: StartPostgres) -> None:
    """Say how to start a PostgreSQL in a directory: the kit itself knows no way. Called by the root conftest."""
    _embedded.start = start


def postgres_admin_url() -> str:
    """The superuser's URL of a PostgreSQL. Tests connect with it only to make databases and roles."""
    given = os.environ.get("POSTGRES_URL")
    if given:
        return given
    if _embedded.url is None:
        if _embedded.start is None:
            pytest.fail("POSTGRES_URL is not set, and nothing can start a PostgreSQL: no provide_postgres")
        directory = Path(tempfile.mkdtemp(prefix="accounts-test-postgres-"))
        _embedded.running.callback(shutil.rmtree, directory, ignore_errors=True)
        _embedded.url = _embedded.running.enter_context(_embedded.start(directory))
    return _embedded.url


def stop_postgres() -> None:
    """Stop the embedded PostgreSQL of this process, if there is one, and delete its data."""
    _embedded.url = None
    _embedded.running.close()


def rabbitmq_url() -> str | None:
    """The address of a RabbitMQ, or None where there is none."""
    return _address("RabbitMQ")


def opensearch_url() -> str | None:
    """The address of an OpenSearch, or None where there is none."""
    return _address("OpenSearch")


def require(server: str) -> str:
    """The address of "PostgreSQL", "RabbitMQ" or "OpenSearch"; skips the test, or fails it, where there is none."""
    require_all([server])
    return postgres_admin_url() if server == "PostgreSQL" else str(_address(server))


def require_all(names: Sequence[str]) -> None:
    """Skip the test, or fail it, where one of these servers isn't there; all that are missing are named."""
    missing = [name for name in names if name != "PostgreSQL" and _address(name) is None]
    if missing:
        reason = "; ".join(f"needs {name}: {_note(name)}" for name in missing)
        if is_required():
            pytest.fail(reason)
        pytest.skip(reason)


def is_required() -> bool:
    """Whether a server that isn't there is a failure."""
    return os.environ.get(REQUIRED, "") not in ("", "0")


def findings() -> list[Finding]:
    """For each server which one is used, or why none. Starts nothing."""
    found = []
    for server in VARIABLES:
        address = _address(server)
        if address is None and server == "PostgreSQL":
            address = "an embedded one for each test process"
        found.append(Finding(server, without_password(address) if address else None, _note(server)))
    return found


def without_password(address: str) -> str:
    """An address that may be shown: stars in the place of its password."""
    return re.sub(r"(?<=://)([^:/@]*):[^@/]*@", r"\1:***@", address)


def _address(server: str) -> str | None:
    return os.environ.get(VARIABLES[server]) or None


def _note(server: str) -> str:
    notes = json.loads(os.environ.get(NOTES, "{}"))
    fallback = f"{VARIABLES[server]} is {'set' if _address(server) else 'not set'}"
    return str(notes.get(server, fallback))
