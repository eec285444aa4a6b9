"""Local servers: ports of their own, processes told apart from those that only have the same number."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.servers import daemon, home
from tools.servers.home import PURPOSES, ServerError, opened


def test_ports_are_chosen_once_and_are_no_clients_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "_check_usable", lambda _: None)
    with opened(tmp_path) as first:
        ports = {purpose: first.port(purpose) for purpose in PURPOSES}
    with opened(tmp_path) as second:
        assert {purpose: second.port(purpose) for purpose in PURPOSES} == ports
    assert len(set(ports.values())) == len(PURPOSES)
    assert all(20000 < port < 32768 for port in ports.values())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_as_root_a_home_that_the_servers_cannot_reach_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with (
        pytest.raises(ServerError, match=r"nobody, who cannot pass through .*set ACCOUNTS_SERVERS_HOME"),
        opened(tmp_path),
    ):
        pass


def test_a_number_that_is_another_process_now_is_not_the_server(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    pid_file.write_text(f"{os.getpid()}\n")
    assert daemon.pid_of(pid_file, str(tmp_path / "server-data")) is None
    assert daemon.pid_of(tmp_path / "missing", "anything") is None


def test_a_server_is_found_by_its_number_and_stopped(tmp_path: Path) -> None:
    word = str(tmp_path / "server-data")
    command = [sys.executable, "-c", "print('up', flush=True); input()", word]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        pid_file = tmp_path / "pid"
        pid_file.write_text(f"{process.pid}\n")
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        assert daemon.pid_of(pid_file, word) == process.pid
        daemon.stop(process.pid)
        assert daemon.pid_of(pid_file, word) is None
