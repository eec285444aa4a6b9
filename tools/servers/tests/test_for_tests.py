"""The servers of a test run: given ones are taken, others started, and stopped by the last run that uses them."""

from pathlib import Path

import pytest

from tools.servers import for_tests, home
from tools.servers.for_tests import servers_for_tests
from tools.servers.home import Home, ServerError


class PretendedServer:
    """A server that is a file."""

    name, title = "rabbitmq", "RabbitMQ"

    def __init__(self) -> None:
        self.up = False
        self.why_not: str | None = None
        self.breaks = False

    def missing(self) -> str | None:
        return self.why_not

    def environment(self, where: Home) -> dict[str, str]:
        return {"RABBITMQ_URL": f"amqp://{where.path.name}"}

    def pid(self, where: Home) -> int | None:
        return 1 if self.up else None

    def start(self, where: Home) -> None:
        if self.breaks:
            raise ServerError("it broke")
        self.up = True

    def stop(self, where: Home) -> None:
        self.up = False


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PretendedServer:
    """The only server there is, in a home that no real one has to reach."""
    pretended = PretendedServer()
    monkeypatch.setattr(for_tests, "SERVERS", (pretended,))
    monkeypatch.setattr(for_tests, "_docker_runs", lambda: False)
    monkeypatch.setattr(home, "_check_usable", lambda _: None)
    monkeypatch.setenv("ACCOUNTS_SERVERS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RABBITMQ_URL", raising=False)
    monkeypatch.delenv(for_tests.KEEP, raising=False)
    return pretended


def test_a_given_server_is_taken(server: PretendedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://given")
    with servers_for_tests() as found:
        assert found.environment == {}
        assert "given as RABBITMQ_URL" in found.notes["RabbitMQ"]
        assert not server.up


def test_an_installed_server_is_started_and_stopped(server: PretendedServer) -> None:
    with servers_for_tests() as found:
        assert server.up
        assert found.environment == {"RABBITMQ_URL": "amqp://home"}
    assert not server.up


def test_a_server_that_is_not_installed_is_said_to_be(server: PretendedServer) -> None:
    server.why_not = "it is not installed"
    with servers_for_tests() as found:
        assert found.environment == {}
        assert found.notes["RabbitMQ"] == "it is not installed"


def test_a_server_that_does_not_start_is_said_to_be_broken(server: PretendedServer) -> None:
    server.breaks = True
    with servers_for_tests() as found:
        assert found.environment == {}
        assert found.notes["RabbitMQ"] == "it broke"


def test_the_last_of_two_runs_stops_what_the_first_has_started(server: PretendedServer) -> None:
    first, second = servers_for_tests(), servers_for_tests()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert server.up
    second.__exit__(None, None, None)
    assert not server.up


def test_a_server_that_was_up_before_stays_up(server: PretendedServer) -> None:
    server.up = True
    with servers_for_tests():
        pass
    assert server.up


def test_it_can_be_kept_for_the_next_run(server: PretendedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(for_tests.KEEP, "1")
    with servers_for_tests():
        pass
    assert server.up
