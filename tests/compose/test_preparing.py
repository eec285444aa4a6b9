"""The commands that an installation runs before its first start: databases and roles, exchange and queues."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from kombu import Connection
from psycopg import sql
from sqlalchemy.engine import make_url

from servicekit.bus import Topology, declare
from servicekit.bus.amqp import AmqpBus
from servicekit.db import provision
from servicekit.db.roles import PARTS, role_name
from servicekit.testing.servers import postgres_admin_url, require
from servicekit.topology import dump_topology


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A name that nothing has yet, with what the command reads; what it makes is dropped."""
    name = f"prep_{secrets.token_hex(5)}"
    monkeypatch.setenv("ADMIN_DATABASE_URL", postgres_admin_url())
    for part in PARTS:
        monkeypatch.setenv(f"{name.upper()}_DATABASE_PASSWORD_{part.upper()}", f"first-{part}")
    yield name
    with psycopg.connect(postgres_admin_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        for part in PARTS:
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role_name(name, part))))


def sign_in(database: str, part: str, password: str) -> str:
    """Whom the database takes one for with this password."""
    url = make_url(postgres_admin_url()).set(
        drivername="postgresql", database=database, username=role_name(database, part), password=password
    )
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        row = connection.execute("SELECT current_user").fetchone()
    assert row is not None
    return str(row[0])


def test_every_role_gets_its_password_and_later_another(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provision.run([database])
    assert [sign_in(database, part, f"first-{part}") for part in PARTS] == [role_name(database, part) for part in PARTS]
    monkeypatch.setenv(f"{database.upper()}_DATABASE_PASSWORD_APP", "second-app")
    provision.run([database])
    assert sign_in(database, "app", "second-app") == role_name(database, "app")
    with pytest.raises(psycopg.OperationalError):
        sign_in(database, "app", "first-app")


def test_a_missing_password_is_named_before_anything_is_made(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = f"{database.upper()}_DATABASE_PASSWORD_SYSTEM"
    monkeypatch.delenv(missing)
    monkeypatch.setattr(sys, "argv", ["provision", database])
    with pytest.raises(SystemExit) as ended:
        provision.main()
    assert missing in str(ended.value)
    with psycopg.connect(postgres_admin_url()) as connection:
        query = "SELECT count(*) FROM pg_roles WHERE rolname LIKE %s"
        assert connection.execute(query, (f"{database}%",)).fetchone() == (0,)


@pytest.mark.real("RabbitMQ")
def test_queues_are_declared_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, name = require("RabbitMQ"), f"prep_{secrets.token_hex(5)}"
    file = tmp_path / "topology.json"
    file.write_text(dump_topology(Topology(exchange=name, queues={name: ["a.b.c.v1"]})))
    monkeypatch.setenv("RABBITMQ_URL", url)
    monkeypatch.setattr(sys, "argv", ["declare", str(file)])
    try:
        declare.main()
        declare.main()
        assert AmqpBus(url, exchange=name).depth(name) == 0
        assert name in capsys.readouterr().out
    finally:
        remove(url, name)


def test_a_broker_that_cannot_be_reached_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "topology.json"
    file.write_text(dump_topology(Topology(exchange="x", queues={"q": ["a.b.c.v1"]})))
    monkeypatch.setenv("RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:1/%2F")
    monkeypatch.setattr(sys, "argv", ["declare", str(file)])
    with pytest.raises(SystemExit, match="can't be reached"):
        declare.main()


def remove(url: str, name: str) -> None:
    """Delete exchange and queues of a test."""

    with Connection(url) as connection, connection.channel() as channel:
        channel.queue_delete(name)
        channel.queue_delete(f"{name}.dead")
        channel.exchange_delete(name)
