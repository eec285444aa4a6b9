"""Data directories that something is wrong with: a clear message, and nothing in them is touched."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from embedded.tests.postgres.conftest import Account, Start


def fingerprint(directory: Path) -> dict[str, str]:
    """Every file with its content, owner and mode; the lock and the log are no data."""
    found = {}
    for path in sorted(directory.rglob("*")):
        if path.name not in ("lock", "log"):
            status = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path.relative_to(directory))] = f"{status.st_mode} {status.st_uid} {content}"
    return found


@pytest.fixture
def stopped(start: Start, account: Account) -> Path:
    """A data directory with a database in it that isn't running."""
    directory = account.home / "data"
    start(directory).stop()
    return directory


def test_two_at_once(start: Start, account: Account) -> None:
    directory = account.home / "data"
    first = start(directory)
    second = start(directory)
    assert second.answer["error"] == "DataDirectoryInUse"
    assert f"process {first.process.pid}" in second.answer["message"]
    assert first.query("SELECT 1") == (1,)


def test_another_major_version(start: Start, stopped: Path) -> None:
    (stopped / "cluster" / "PG_VERSION").write_text("9\n")
    before = fingerprint(stopped)
    answer = start(stopped).answer
    assert answer["error"] == "WrongMajorVersion"
    assert "made by PostgreSQL 9" in answer["message"]
    assert "18" in answer["message"]
    assert fingerprint(stopped) == before


@pytest.mark.parametrize(
    "missing", ["cluster/PG_VERSION", "cluster/global/pg_control", "cluster/pg_wal", "password", "cluster"]
)
def test_half_deleted(start: Start, stopped: Path, missing: str) -> None:
    path = stopped / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = fingerprint(stopped)
    answer = start(stopped).answer
    assert answer["error"] == "DataDirectoryIncomplete"
    assert Path(missing).name in answer["message"]
    assert fingerprint(stopped) == before


def test_a_set_up_that_was_killed_starts_over(start: Start, account: Account) -> None:
    directory = account.home / "data"
    half_done = directory / "cluster.new-killed" / "data"
    half_done.mkdir(parents=True)
    (half_done / "PG_VERSION").write_text("18\n")
    (directory / "password").write_text("")
    if account.uid is not None:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, account.uid, account.uid)
    assert start(directory).query("SELECT 1") == (1,)
    assert not list(directory.glob("cluster.new-*"))


def test_killed_between_the_database_and_the_record_of_its_binaries(start: Start, stopped: Path) -> None:
    (stopped / "binaries.json").unlink()
    assert start(stopped).query("SELECT 1") == (1,)
    assert (stopped / "binaries.json").exists()


def test_the_directory_is_a_file(start: Start, account: Account) -> None:
    path = account.home / "data"
    path.write_text("precious")
    answer = start(path).answer
    assert answer["error"] == "DataDirectoryUnusable"
    assert path.read_text() == "precious"


def test_a_server_started_by_hand_is_left_alone(start: Start, stopped: Path, account: Account) -> None:
    """Stood in for by any process that works in the cluster."""
    with subprocess.Popen(["sleep", "60"], cwd=stopped / "cluster", **account.identity()) as by_hand:
        try:
            answer = start(stopped, "0.2").answer
            assert answer["error"] == "ServerStillRunning"
            assert str(by_hand.pid) in answer["message"]
            assert by_hand.poll() is None
        finally:
            by_hand.kill()


def test_of_another_user(root: Account, unprivileged: Account) -> None:
    directory = unprivileged.home / "data"
    unprivileged.run(directory).stop()
    subprocess.run(["chown", "-R", "nobody", str(directory)], check=True)
    directory.chmod(0o777)
    before = fingerprint(directory)
    answer = unprivileged.run(directory).answer
    assert answer["error"] == "DataDirectoryOfAnother"
    assert "belongs to nobody" in answer["message"]
    assert fingerprint(directory) == before
    driver = root.run(directory)  # root becomes the data's owner
    assert driver.query("SELECT 1") == (1,)
    driver.stop()


def test_where_nobody_but_root_may_write(root: Account, unprivileged: Account) -> None:
    directory = unprivileged.home / "closed"
    directory.mkdir(mode=0o755)
    answer = unprivileged.run(directory).answer
    assert answer["error"] == "DataDirectoryOfAnother"
    assert "belongs to root" in answer["message"]
    assert not list(directory.iterdir())


def test_as_a_user_without_a_name(root: Account, unprivileged: Account) -> None:
    """As in many containers: initdb refuses. Root takes nobody instead of a nameless owner of the directory."""
    unprivileged.home.chmod(0o755)
    nameless = replace(unprivileged, uid=54321)
    directory = unprivileged.home / "data"
    directory.mkdir()
    os.chown(directory, 54321, 54321)
    answer = nameless.run(directory).answer
    assert answer["error"] == "UserWithoutName"
    assert "User 54321 has no name" in answer["message"]
    assert not list(directory.iterdir())
    driver = root.run(directory)
    assert driver.query("SELECT 1") == (1,)
    driver.stop()


@pytest.fixture
def small_disk(root: Account, shared_home: Path) -> Iterator[Path]:
    """A disk of 20 MB; a new database takes more."""
    path = shared_home / "small"
    path.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(path)], check=False).returncode != 0:
        pytest.skip("this root may not mount a disk")
    yield path
    subprocess.run(["umount", str(path)], check=True)
    path.rmdir()


def test_a_full_disk(small_disk: Path, root: Account) -> None:
    directory = small_disk / "data"
    answer = root.run(directory).answer
    assert answer["error"] == "DiskFull", answer
    assert not list(directory.glob("cluster*"))
    subprocess.run(["mount", "-o", "remount,size=300m", str(small_disk)], check=True)
    driver = root.run(directory)
    assert driver.query("SELECT 1") == (1,)
    driver.stop()
