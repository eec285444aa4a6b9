"""Servers for tests: an absent one skips, or fails where it is required, and no password is shown."""

import pytest

from servicekit.testing import servers


@pytest.fixture(autouse=True)
def no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*servers.VARIABLES.values(), servers.NOTES, servers.REQUIRED):
        monkeypatch.delenv(variable, raising=False)


def test_a_given_server_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://guest:secret@queue:5672/%2F")
    assert servers.require("RabbitMQ") == servers.rabbitmq_url() == "amqp://guest:secret@queue:5672/%2F"


def test_an_absent_server_skips_the_test_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(servers.NOTES, '{"OpenSearch": "it needs Java 21"}')
    with pytest.raises(
        pytest.skip.Exception, match="needs RabbitMQ: RABBITMQ_URL is not set; needs OpenSearch: it needs J"
    ):
        servers.require_all(["PostgreSQL", "RabbitMQ", "OpenSearch"])
    assert servers.opensearch_url() is None


def test_an_absent_server_fails_the_test_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(servers.REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="needs RabbitMQ"):
        servers.require("RabbitMQ")


def test_findings_show_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_URL", "postgresql://app:secret@db/app")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://guest:secret@queue:5672/%2F")
    found = {finding.server: finding for finding in servers.findings()}
    assert found["PostgreSQL"].address == "postgresql://app:***@db/app"
    assert found["RabbitMQ"].address == "amqp://guest:***@queue:5672/%2F"
    assert found["OpenSearch"].address is None
    assert "secret" not in str(found)
