"""The whole product, from an empty directory or what it left there, until it is told to stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import click
import structlog

from embedded.assembly import Loop, assemble
from embedded.first_start import first_start
from embedded.installation import QUEUE_DATABASE, Installation
from embedded.keeper import Keeper
from embedded.mail_catcher import caught_mail
from embedded.postgres import EmbeddedPostgres
from embedded.site import create_site
from embedded.state import (
    Credentials,
    check_database,
    check_directory,
    read_secret,
    write_address,
    write_running,
)
from embedded.web_server import WebServer
from servicekit import logging as kit_logging
from servicekit.bus.inprocess import InProcessBus
from servicekit.topology import load_topology
from services.notifications.delivery.smtp import SmtpTransport
from services.notifications.settings import SmtpSettings
from services.search.engine.errors import EngineUnavailable
from services.search.engine.postgres import PostgresEngine
from services.search.status import made_with

TOPOLOGY = Path(__file__).resolve().parent.parent / "deploy" / "topology.json"
_LOOK_SECONDS = 0.2
_log = structlog.get_logger("up")


def run_product(directory: Path, listener: socket.socket, *, demo: int, as_json: bool) -> None:
    """Run until SIGINT or SIGTERM; until it has started they end it as their handlers say.

    Raises EmbeddedPostgresError, StateError, OSError.
    """
    check_directory(directory)
    if not os.environ.get("DATABASE_URL"):
        check_database(directory)
    directory.mkdir(parents=True, exist_ok=True)
    secret = read_secret(directory)
    kit_logging.configure("accounts", level="warning", stream=_log_file(directory))
    database = _database(directory)
    with database as admin_url, caught_mail() as mail:
        write_running(directory, admin_url)
        installation = Installation(admin_url, secret)
        installation.prepare()
        _serve(installation, database, directory, listener, mail, demo=demo, as_json=as_json)


def _serve(
    installation: Installation,
    database: EmbeddedPostgres | _Given,
    directory: Path,
    listener: socket.socket,
    mail: tuple[int, str],
    *,
    demo: int,
    as_json: bool,
) -> None:
    stop = threading.Event()
    bus = InProcessBus(installation.urls(QUEUE_DATABASE).migrate)
    assembly = assemble(
        installation,
        bus=bus,
        engine=lambda database: PostgresEngine(database.engine),
        topology=load_topology(TOPOLOGY),
        transport=SmtpTransport(SmtpSettings(host="127.0.0.1", port=mail[0])),
    )
    server = WebServer(create_site(assembly), listener)
    threads = [_thread(name, loop, stop) for name, loop in assembly.loops().items()]
    try:
        credentials = first_start(assembly, directory, demo=demo)
        signals: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _noting(signals))
        for thread in threads:
            thread.start()
        server.start()
        _announce(listener, credentials, directory, mail_url=mail[1], as_json=as_json)
        _tell_if_outdated(PostgresEngine(assembly.databases["search.app"].engine))
        # Every pooled connection went with the server: without closing them each would cost one request a 503.
        keeper = Keeper(database, say=_say, revived=assembly.close)
        # Looked at, not waited for: an event set by a signal's handler could lock up the thread that waits for it.
        while not signals and not stop.wait(_LOOK_SECONDS):
            # Ctrl-C in a terminal ends the server too, which is no death.
            if not signals:
                keeper.look()
    finally:
        stop.set()
        server.stop()
        for thread in threads:
            if thread.ident is not None:
                thread.join(10)
        bus.close()
        assembly.close()


def _thread(name: str, loop: Loop, stop: threading.Event) -> threading.Thread:
    def run() -> None:
        try:
            loop.run(stop)
        except Exception:
            # A loop outlives failures of what it needs; what it doesn't is a defect, and half a product is worse.
            _log.exception("part_failed", part=name)
            stop.set()

    return threading.Thread(target=run, name=name, daemon=True)


def _announce(
    listener: socket.socket, credentials: Credentials, directory: Path, *, mail_url: str, as_json: bool
) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    write_address(directory, url)
    found = {
        "url": url,
        "email": credentials.email,
        "password": credentials.password,
        "api_key": credentials.api_key,
        "mail_url": mail_url,
    }
    if as_json:
        click.echo(json.dumps(found))
        return
    click.echo(
        f"\nCustomer Accounts is running at {url}\n\n"
        f"  console                     {url}/console/\n"
        f"  API and its documentation   {url}/docs\n"
        f"  mail that would be sent     {found['mail_url']}\n"
        f"  staff sign-in               {credentials.email}  {credentials.password}\n"
        f"  API key                     {credentials.api_key}\n\n"
        f"Both are kept in {directory / 'credentials'}. Try:\n\n"
        f"  curl -H 'Authorization: Bearer {credentials.api_key}' '{url}/v1/search/customers?q=anna'\n\n"
        "Ctrl-C stops it; the data stays."
    )


def _tell_if_outdated(engine: PostgresEngine) -> None:
    with suppress(EngineUnavailable):  # then searches tell
        found = made_with(engine)
        if found.outdated:
            _say(f"{found}. Run ./accounts rebuild beside it: searches and changes go on meanwhile.")


def _say(message: str) -> None:
    click.echo(f"accounts: {message}", err=True)


def _database(directory: Path) -> EmbeddedPostgres | _Given:
    """PostgreSQL: the one of ``DATABASE_URL`` (a role with CREATEDB and CREATEROLE), else our own."""
    given = os.environ.get("DATABASE_URL")
    return _Given(given) if given else EmbeddedPostgres(directory / "postgres")


class _Given:
    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> str:
        return self._url

    def __exit__(self, *_error: object) -> None:
        """Somebody else's server goes on."""

    died = False

    def revive(self) -> None:
        """Somebody else starts it."""


def _log_file(directory: Path) -> Any:
    path = directory / "log"
    if path.exists() and path.stat().st_size > 8_000_000:
        path.replace(directory / "log.old")
    return path.open("a", buffering=1)


def _noting(signals: list[int]) -> Callable[[int, FrameType | None], None]:
    def on_signal(number: int, _frame: FrameType | None) -> None:
        if signals:
            sys.exit(1)  # the second time: don't wait
        signals.append(number)

    return on_signal
