"""./accounts up as its user has it: a process, its output, its address, its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from embedded.postgres import EmbeddedPostgres
from embedded.state import Credentials, write_credentials, write_private

PATIENCE = 90.0


@dataclass
class Running:
    """A running product."""

    process: subprocess.Popen[str]
    url: str
    email: str
    password: str
    api_key: str
    mail_url: str

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One request with the printed key: status and JSON."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def found(self, q: str) -> list[str]:
        """The customers that a search finds."""
        status, page = self.send("GET", f"/v1/search/customers?q={q}")
        assert status == 200, page
        return [item["id"] for item in page["items"]]


def eventually(what: str, check: Callable[[], bool], within: float = 20.0) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + within
    while not check():
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(data: Path, port: int, *more: str) -> list[str]:
    return [sys.executable, "-m", "embedded.up", "--data", str(data), "--port", str(port), "--json", *more]


def environment() -> dict[str, str]:
    """As a user has it: no servers of the tests' named."""
    return {name: value for name, value in os.environ.items() if not name.endswith("_URL")}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    processes: list[subprocess.Popen[str]] = []

    def run(*more: str) -> Running:
        with (tmp_path / "stderr").open("a") as said:
            process = subprocess.Popen(
                command(tmp_path / "data", free_port(), *more),
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                env=environment(),
            )
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"it ended with {process.wait(10)} instead of answering"
        return Running(process, **json.loads(line))

    yield run
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.slow
def test_a_customer_from_http_to_found_and_forgotten_and_the_data_stays(start: Callable[..., Running]) -> None:
    product = start("--demo", "3")
    status, ada = product.send(
        "POST", "/v1/customers", {"email": "ada@example.com", "first_name": "Ada", "last_name": "Byronsdaughter"}
    )
    assert status == 201
    eventually("found by half of the last name", lambda: product.found("byrons") == [ada["id"]])
    status, _ = product.send("PATCH", f"/v1/customers/{ada['id']}", {"last_name": "Lovelace"}, **{"If-Match": '"1"'})
    assert status == 200
    eventually("found by the new name", lambda: product.found("lovel") == [ada["id"]])
    assert product.found("byrons") == []

    product.process.send_signal(signal.SIGTERM)
    assert product.process.wait(PATIENCE) == 0
    again = start()
    assert (again.api_key, again.password) == (product.api_key, product.password)
    assert again.found("lovelace") == [ada["id"]]
    assert len(again.found("")) == 4

    again.process.kill()
    again.process.wait(PATIENCE)
    third = start()
    assert third.found("lovelace") == [ada["id"]]
    assert third.send("POST", f"/v1/customers/{ada['id']}/anonymize", {})[0] == 202
    eventually("not found any more", lambda: third.found("lovelace") == [])
    path = f"/v1/customers/{ada['id']}/anonymization"
    eventually("its anonymization is complete", lambda: third.send("GET", path)[1]["status"] == "completed")


@pytest.mark.slow
def test_a_first_start_that_is_killed_is_completed_by_the_next(start: Callable[..., Running], tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(tmp_path / "data", free_port(), "--demo", "20"), stdout=subprocess.DEVNULL, env=environment()
    )
    marker = tmp_path / "data" / "running"
    eventually("its database runs", marker.exists, within=PATIENCE)
    process.kill()
    process.wait(PATIENCE)

    product = start("--demo", "20")

    eventually("all demo customers, once", lambda: len(product.found("D12-0000")) == 20)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", ["port", "secret", "running"])
def test_a_first_start_that_is_told_to_stop_ends_quietly(tmp_path: Path, step: str, number: int) -> None:
    data, port = tmp_path / "data", free_port()

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    process = subprocess.Popen(
        command(data, port, "--demo", "2000"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    # The port is taken before the imports, the other two are made in the start.
    eventually(f"it is at: {step}", listens if step == "port" else (data / step).exists, within=PATIENCE)
    process.send_signal(number)
    said, complained = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said, complained) == (128 + number, "", "")


def test_a_port_that_is_taken_is_a_clear_message(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = subprocess.run(
            command(tmp_path / "data", taken.getsockname()[1]),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env=environment(),
        )
    assert ended.returncode == 1
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "data").exists()


def refused(data: str) -> subprocess.CompletedProcess[str]:
    """A start that is refused, with a message."""
    ended = subprocess.run(
        [*command(Path("x"), free_port()), "--data", data],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=environment(),
    )
    assert ended.returncode in (1, 2)
    assert "Traceback" not in ended.stderr
    return ended


def test_an_empty_name_of_the_data_directory_is_refused_as_the_command_that_was_typed() -> None:
    said = refused("").stderr
    assert "name a directory" in said
    assert "Usage: ./accounts up" in said


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").touch()
    assert "thesis.odt" in refused(str(tmp_path)).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_credentials_without_their_database_are_not_given_an_empty_one(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "s")
    write_credentials(tmp_path, Credentials("a@example.com", "p", "k"))
    said = refused(str(tmp_path)).stderr
    assert "the database is missing" in said
    assert "--data" in said
    assert not (tmp_path / "postgres").exists()


@pytest.mark.slow
def test_credentials_of_another_database_are_not_printed(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "s")
    with EmbeddedPostgres(tmp_path / "postgres", fsync=False):
        pass
    write_credentials(tmp_path, Credentials("a@example.com", "p", "k"))
    ended = refused(str(tmp_path))
    assert "it has no publisher" in ended.stderr
    assert ended.stdout == ""
    doctor = subprocess.run(
        [sys.executable, "-m", "embedded.doctor", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert doctor.returncode == 1
    assert "it has no publisher" in doctor.stdout


def test_a_data_directory_that_lost_its_secret_is_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "postgres").mkdir(parents=True)
    ended = subprocess.run(
        command(data, free_port()), capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment()
    )
    assert ended.returncode == 1
    assert "backup" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in data.iterdir()] == ["postgres"]


@pytest.mark.slow
def test_a_database_that_is_killed_is_told_of_and_started_again(start: Callable[..., Running], tmp_path: Path) -> None:
    product = start("--demo", "3")
    pid_file = tmp_path / "data" / "postgres" / "cluster" / "postmaster.pid"

    def kill() -> None:
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)

    def creates(number: int) -> bool:
        body = {"email": f"number{number}@example.com", "last_name": f"Phoenix{number}"}
        status, answer = product.send("POST", "/v1/customers", body)
        assert status in (201, 409, 503), answer
        return status != 503

    assert creates(0)
    kill()
    eventually("customers can be made again", lambda: creates(1))
    eventually("and are found", lambda: len(product.found("phoenix")) == 2)
    assert (tmp_path / "stderr").read_text() == "accounts: the database has died; starting it again\n"

    for again in range(3):
        killed = pid_file.read_text()
        kill()
        if again < 2:
            eventually("it is started again", lambda old=killed: pid_file.exists() and pid_file.read_text() != old)  # type: ignore[misc]
    assert product.process.wait(PATIENCE) == 1
    assert "could not be kept up" in (tmp_path / "stderr").read_text()
    assert "Traceback" not in (tmp_path / "stderr").read_text()
