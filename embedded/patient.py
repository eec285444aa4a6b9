"""An installation that a command looks at or mends: the services of the environment, or a data directory's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from environs import Env

from embedded.installation import MIGRATIONS, Installation
from embedded.postgres import EmbeddedPostgres
from embedded.postgres_errors import DataDirectoryInUse
from embedded.state import check_database, read_running
from embedded.up import DATA
from servicekit.db.database import Database
from servicekit.db.roles import DatabaseUrls
from servicekit.settings import database_urls
from services.search.adapters import choose_engine
from services.search.engine.port import Engine
from services.search.engine.postgres import PostgresEngine
from services.search.settings import Settings as SearchSettings

HOW_TO_MAKE_ONE = "Start once with ./accounts up, or name it with --data."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and what to do if it isn't."""

    well: bool
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Remedies:
    """The commands that mend search."""

    status: str = "python -m services.search status"
    bootstrap: str = "python -m services.search bootstrap"
    afresh: str = "python -m services.search bootstrap --afresh"
    rebuild: str = "python -m services.search rebuild"


@dataclass(frozen=True, slots=True)
class Patient:
    """The installation to look at. ``quick``: not every field. ``patience``: seconds to wait for what is on its way."""

    urls: dict[str, DatabaseUrls]
    engine: Callable[[Database], Engine]
    remedies: Remedies = field(default_factory=Remedies)
    quick: bool = False
    patience: float = 5.0
    is_embedded: bool = False

    def parked_commands(self, service: str) -> tuple[str, str]:
        """What shows a service's parked messages, and what has them handled."""
        if self.is_embedded:
            return "./accounts parked list", "./accounts parked replay"
        return f"python -m services.{service} list-parked", f"python -m services.{service} replay-parked"


def from_environment() -> Patient | None:
    """The services whose databases the environment names; None without CUSTOMERS_DATABASE_URL_APP.

    Raises SettingsError.
    """
    if not os.environ.get("CUSTOMERS_DATABASE_URL_APP"):
        return None
    search = SearchSettings.from_env()
    urls = {service: database_urls(Env(), service) for service in MIGRATIONS}
    return Patient(urls, lambda database: choose_engine(search, database))


def from_directory(directory: Path, admin_url: str) -> Patient:
    """What ./accounts up runs in a data directory, on the PostgreSQL at ``admin_url``. Raises OSError."""
    installation = Installation(admin_url, (directory / "secret").read_text().strip())
    urls = {service: installation.urls(service) for service in MIGRATIONS}
    named = "" if directory == DATA else f" --data {directory}"
    projection = f"./accounts rebuild{named} --projection"
    remedies = Remedies(
        status=f"./accounts rebuild{named} --status",
        bootstrap=projection,
        afresh=projection,
        rebuild=f"./accounts rebuild{named}",
    )
    return Patient(urls, lambda database: PostgresEngine(database.engine), remedies, is_embedded=True)


@contextmanager
def in_directory(directory: Path) -> Iterator[Patient]:
    """What ./accounts up keeps in ``directory``, whether it runs or not.

    Raises EmbeddedPostgresError, StateError, OSError.
    """
    if not os.environ.get("DATABASE_URL"):
        check_database(directory)  # else an empty one would be made, and found well
    with open_database(directory) as admin_url:
        yield from_directory(directory, admin_url)


@contextmanager
def open_database(directory: Path) -> Iterator[str]:
    """The installation's PostgreSQL: the running one, else started for as long as the block runs.

    Raises EmbeddedPostgresError.
    """
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    server = EmbeddedPostgres(directory / "postgres")
    try:
        url = server.start()
    except DataDirectoryInUse:
        running = read_running(directory)
        if running is None:
            raise
        yield running
        return
    try:
        yield url
    finally:
        server.stop()
