"""The server itself: keeps what it was given, is ours alone, and goes when we go."""

import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from embedded.postgres import EmbeddedPostgres
from embedded.postgres_process import processes_in
from embedded.tests.postgres.conftest import Account, Start


def modes_above(path: Path) -> dict[Path, tuple[int, int]]:
    return {folder: (folder.stat().st_mode, folder.stat().st_uid) for folder in path.parents}


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)


def test_data_is_there_after_a_second_start(start: Start, account: Account) -> None:
    first = start(account.home / "data")
    first.query("CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()
    second = start(account.home / "data")
    assert second.query("SELECT answer FROM kept") == (42,)


def test_only_we_can_use_it(start: Start, account: Account) -> None:
    directory = account.home / "data"
    driver = start(directory)
    sockets = Path(parse_qs(urlsplit(driver.url).query)["host"][0])
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "password").stat().st_mode) == 0o600
    assert driver.query("SHOW listen_addresses") == ("",)
    password = urlsplit(driver.url).password
    assert password
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(driver.url.replace(password, "guessed"))


def test_it_is_durable_and_keeps_itself_tidy(start: Start, account: Account) -> None:
    driver = start(account.home / "data")
    settings = [driver.query(f"SHOW {name}") for name in ("fsync", "full_page_writes", "autovacuum", "data_checksums")]
    assert settings == [("on",)] * 4


def test_killed_with_its_parent_it_is_gone_soon_and_has_what_was_committed(start: Start, account: Account) -> None:
    directory = account.home / "data"
    driver = start(directory)
    driver.query("CREATE TABLE kept AS SELECT 42 AS answer")
    driver.kill()
    wait_until(lambda: not processes_in(directory / "cluster"))
    assert start(directory).query("SELECT answer FROM kept") == (42,)


def test_started_again_at_once_it_waits_for_the_server_of_the_killed_parent(start: Start, account: Account) -> None:
    directory = account.home / "data"
    for round_ in range(3):
        driver = start(directory)
        driver.query(f"CREATE TABLE round_{round_} ()")
        driver.kill()
    assert start(directory).query("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'round_%'") == (3,)


def test_a_killed_server_leaves_nothing_that_stops_the_next(start: Start, account: Account) -> None:
    """The number in the stale file now belongs to another process, this one."""
    directory = account.home / "data"
    driver = start(directory)
    driver.query("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(driver.server, 9)
    driver.kill()
    wait_until(lambda: not processes_in(directory / "cluster"))
    stale = directory / "cluster" / "postmaster.pid"
    stale.write_text(str(os.getpid()) + stale.read_text()[len(str(driver.server)) :])
    assert start(directory).query("SELECT answer FROM kept") == (42,)


def test_control_c_in_the_terminal_does_not_reach_the_server(start: Start, account: Account) -> None:
    driver = start(account.home / "data")
    assert os.getsid(driver.server) != os.getsid(driver.process.pid)


def test_a_path_too_long_for_a_socket(start: Start, account: Account) -> None:
    directory = account.home / ("d" * 60) / ("e" * 60)
    driver = start(directory)
    sockets = Path(parse_qs(urlsplit(driver.url).query)["host"][0])
    assert driver.query("SELECT 1") == (1,)
    driver.stop()
    assert not sockets.exists()


def test_a_path_with_spaces_commas_and_quotes(start: Start, account: Account) -> None:
    assert start(account.home / "a, 'b' \"c\" ü%").query("SELECT 1") == (1,)


def test_letters_of_every_script_are_folded(start: Start, account: Account) -> None:
    assert start(account.home / "data").query("SELECT lower('ÄŁЖ')") == ("äłж",)


def test_statements_that_fail_are_not_logged(start: Start, account: Account) -> None:
    """They hold personal data."""
    directory = account.home / "data"
    driver = start(directory)
    with pytest.raises(psycopg.errors.UndefinedTable):
        driver.query("SELECT * FROM missing WHERE name = 'Canary'")
    driver.query("CREATE TABLE people (email text PRIMARY KEY)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        driver.query("INSERT INTO people VALUES ('canary@example.com'), ('canary@example.com')")
    log = (directory / "log").read_text()
    assert "missing" in log
    assert "canary" not in log.lower()


def test_as_root_it_runs_as_nobody_and_leaves_modes_alone(root: Account) -> None:
    private = root.home / "private"
    private.mkdir(mode=0o700)
    directory = private / "deeper" / "data"
    directory.mkdir(parents=True)
    before = modes_above(directory)
    driver = root.run(directory)
    try:
        assert driver.query("SELECT 1") == (1,)
        assert Path(f"/proc/{driver.server}").stat().st_uid != 0
        status = Path(f"/proc/{driver.server}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert "Groups:\t \n" in status
        assert modes_above(directory) == before
    finally:
        driver.stop()
    assert modes_above(directory) == before


def test_as_root_data_of_another_user_stays_that_users(root: Account, unprivileged: Account) -> None:
    directory = unprivileged.home / "data"
    driver = unprivileged.run(directory)
    driver.query("CREATE TABLE kept AS SELECT 42 AS answer")
    driver.stop()
    for account in (root, unprivileged):
        driver = account.run(directory)
        assert driver.query("SELECT answer FROM kept") == (42,)
        assert Path(f"/proc/{driver.server}").stat().st_uid == unprivileged.uid
        driver.stop()


def test_started_only_from_the_main_thread(tmp_path: Path) -> None:
    """The kernel would end the server together with the thread that started it."""
    errors: list[BaseException] = []

    def attempt() -> None:
        try:
            EmbeddedPostgres(tmp_path / "data").start()
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])
    assert not (tmp_path / "data").exists()


def test_it_listens_on_no_port(start: Start, account: Account) -> None:
    driver = start(account.home / "data")
    held = {str(path.readlink()) for path in Path(f"/proc/{driver.server}/fd").iterdir()}
    tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6", "udp", "udp6")]
    network = {f"socket:[{line.split()[9]}]" for table in tables for line in table}
    assert any(name.startswith("socket:") for name in held)
    assert not held & network
